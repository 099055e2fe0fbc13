"""Measures the work that a study repeats, and adds it up to the time that the study takes."""
