"""Writes a finished run's model as files for other programs: `python -m medtui.engine.export RUN`.

Each file is read back and compared with the run on real images before it is moved into place.
"""
