"""Benchmarks the engine against stock Condensa, arm by arm, in one process.

`python -m medtui.engine.ladder` reads a `report.LadderPlan` and prints a `report.LadderReport`.
"""
