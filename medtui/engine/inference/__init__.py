"""Predictions of finished models on other images, and their evaluation on other data sets.

`python -m medtui.engine.inference` answers one request from stdin.
"""
