"""The definition of each figure, as plots made from data, for screens, reports and files.

A figure of several runs is one row of `registry.FIGURES`. The charts of the Run screen, which show
one run that may be live, are in `run`.
"""
