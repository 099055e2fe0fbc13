"""Evaluation of finished models on other labelled data sets, with everything frozen.

`python -m medtui.engine.external` answers one request from stdin.
"""
