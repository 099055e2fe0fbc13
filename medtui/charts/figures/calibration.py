"""Reliability diagrams of each class: observed frequency by predicted probability."""

from collections.abc import Sequence
from dataclasses import replace

from medtui.analysis.subgroup_analysis import SubgroupAnalysis
from medtui.charts.figures.data import FigureData
from medtui.charts.plot import Interval, Plot, Series
from medtui.charts.run_identity import RunIdentity
from medtui.metrics import metric_named
from medtui.metrics.class_calibration import ClassCalibration
from medtui.monitor.telemetry_curves import Point

_TITLE = "Observed share by predicted probability of {}, test; bar: 95 %"
_X_LABEL = "predicted probability of {}"
_ERROR = "calibration error"
_IDEAL = Series("ideal", ((0.0, 0.0), (1.0, 1.0)), "faint", name="ideal")

_EMPTY = Plot("Observed by predicted, test", (), empty="no run was compared with its reference")


def calibration(data: FigureData) -> tuple[Plot, ...]:
    """Return a diagram for each class, the commonest first, with each compared run and baseline.

    Points are not joined: between them may be probabilities that no image has.

    A network that is too sure of rare findings shows in their own diagrams alone: pooled over
    classes, the many sure negatives hide them.
    """
    found: dict[str, dict[str, ClassCalibration]] = {}
    for analysis in data.analyses:
        found.setdefault(analysis.baseline, analysis.classes_before)
        found[analysis.key] = analysis.classes_after
    names = dict.fromkeys(name for classes in found.values() for name in classes)
    by_share = sorted(names, key=lambda name: -max(map(_share, _of_class(found, name).values())))
    plots = tuple(_plot(data, name, _of_class(found, name)) for name in by_share)
    return plots or (replace(_EMPTY, empty=data.without_test(_EMPTY.empty)),)


def calibration_of_run(analysis: SubgroupAnalysis, marks: Sequence[RunIdentity]) -> Plot:
    """Return the diagram of the commonest class in a run and in its baseline, marked so."""
    found = (analysis.classes_after, analysis.classes_before)
    name = max(analysis.classes_after, key=lambda each: _share(analysis.classes_after[each]),
               default="")  # fmt: skip
    return Plot(
        _TITLE.format(name),
        (
            *(
                _curve_of_run(label, classes[name], mark)
                for label, classes, mark in zip(("this", "baseline"), found, marks, strict=True)
                if name in classes
            ),
            _IDEAL,
        ),
        x_label=_X_LABEL.format(name),
        y_label="observed share",
        y_bounds=(0.0, 1.0),
        empty="no class has enough images",
    )


def _curve_of_run(label: str, fitted: ClassCalibration, mark: RunIdentity) -> Series:
    points, bands = _ends_of(fitted)
    return Series(label, points, "dots", None, tint=mark.tint, letter=mark.letter, intervals=bands)


def _of_class(
    found: dict[str, dict[str, ClassCalibration]], name: str
) -> dict[str, ClassCalibration]:
    return {key: classes[name] for key, classes in found.items() if name in classes}


def _plot(data: FigureData, name: str, found: dict[str, ClassCalibration]) -> Plot:
    by_key = {run.entry.key: run for run in data.runs}
    errors = _errors(data)
    series = []
    for key, fitted in found.items():
        points, bands = _ends_of(fitted)
        run = by_key.get(key)
        series.append(
            Series(key, points, "dots", None, tint="strong", intervals=bands, value=errors[key])
            if run is None
            else run.series(points, "dots", digits=None, value=errors[key], intervals=bands)
        )
    return Plot(
        _TITLE.format(name),
        (*series, _IDEAL),
        x_label=_X_LABEL.format(name),
        y_label="observed share",
        y_bounds=(0.0, 1.0),
        remark=f"{_ERROR} on test",
        empty=_EMPTY.empty,
    )


def _errors(data: FigureData) -> dict[str, str]:
    """Return the expected calibration error on test of each run and baseline, as text."""
    metric = metric_named("calibration_error")
    assert metric is not None, "the registry has it"
    found: dict[str, str] = {}
    for analysis in data.analyses:
        found.setdefault(analysis.baseline, metric.show(analysis.before.error))
        found[analysis.key] = metric.show(analysis.after.error)
    return found


def _ends_of(fitted: ClassCalibration) -> tuple[tuple[Point, ...], tuple[Interval, ...]]:
    """Return the points of a diagram, and their error bars."""
    points = tuple((each.predicted, each.observed) for each in fitted.bins)
    return points, tuple((each.low, each.high) for each in fitted.bins)


def _share(fitted: ClassCalibration) -> float:
    """Return the share of images with the class."""
    total = sum(each.num_images for each in fitted.bins)
    return sum(each.observed * each.num_images for each in fitted.bins) / max(1, total)
