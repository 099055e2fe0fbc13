"""Times finished models against their reference: `python -m medtui.engine.bench STUDY RUN...`.

All models live in one process and take turns, so that what drifts, drifts for all.
"""
