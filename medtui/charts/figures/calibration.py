"""Reliability diagrams: accuracy by confidence."""

from medtui.charts.figures.data import FigureData
from medtui.charts.plot import Plot, Series
from medtui.metrics.calibration import Calibration
from medtui.monitor.telemetry_curves import Point


def calibration(data: FigureData) -> tuple[Plot, ...]:
    """Return the reliability diagram of each compared run, and of its baseline."""
    found: dict[str, Calibration] = {}
    for harm in data.harms:
        found.setdefault(harm.baseline, harm.before)
        found[harm.key] = harm.after
    by_key = {run.entry.key: run for run in data.runs}
    series = []
    for key, reliability in found.items():
        points, run = _points_of(reliability), by_key.get(key)
        series.append(
            Series(key, points, digits=None, tint="strong")
            if run is None
            else run.series(points, digits=None)
        )
    ideal = Series("perfect calibration", ((0.0, 0.0), (1.0, 1.0)), "faint")
    return (
        Plot(
            "Accuracy by confidence, test",
            (*series, ideal),
            x_label="confidence",
            y_label="accuracy",
            empty="no run was compared with its reference",
        ),
    )


def _points_of(reliability: Calibration) -> tuple[Point, ...]:
    return tuple((each.confidence, each.accuracy) for each in reliability.bins)
