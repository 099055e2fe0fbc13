"""Measured durations of the work that a study repeats, and the study's duration from them."""
