"""Every printed number, recomputed from a run's files by scikit-learn, scipy, pandas and numpy.

Nothing here imports medtui: what agrees with these modules was computed twice.
"""
