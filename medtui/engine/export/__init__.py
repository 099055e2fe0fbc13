"""Writes a finished run's model as files for other programs: `python -m medtui.engine.export RUN`.

Each file is read back from disk and held against the run on real images before it is in place.
"""
