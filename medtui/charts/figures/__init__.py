"""What each figure shows, as plots made of data: once, for screens, reports and files.

A figure of several runs is one row of `registry.FIGURES`. The charts of the Run screen, which show
one run that may be live, are in `run`.
"""
