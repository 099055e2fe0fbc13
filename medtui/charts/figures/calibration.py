"""Reliability diagrams of each class: observed frequency by predicted probability."""

from medtui.charts.figures.data import FigureData
from medtui.charts.plot import Plot, Series
from medtui.metrics.class_calibration import ClassCalibration

_EMPTY = Plot("Observed by predicted, test", (), empty="no run was compared with its reference")


def calibration(data: FigureData) -> tuple[Plot, ...]:
    """Return a diagram for each class, the commonest first, with each compared run and baseline.

    A network that is too sure of rare findings shows in their own diagrams alone: pooled over
    classes, the many sure negatives hide them.
    """
    found: dict[str, dict[str, ClassCalibration]] = {}
    for harm in data.harms:
        found.setdefault(harm.baseline, harm.classes_before)
        found[harm.key] = harm.classes_after
    names = dict.fromkeys(name for classes in found.values() for name in classes)
    by_share = sorted(names, key=lambda name: -max(map(_share, _of_class(found, name).values())))
    return tuple(_plot(data, name, _of_class(found, name)) for name in by_share) or (_EMPTY,)


def _of_class(
    found: dict[str, dict[str, ClassCalibration]], name: str
) -> dict[str, ClassCalibration]:
    return {key: classes[name] for key, classes in found.items() if name in classes}


def _plot(data: FigureData, name: str, found: dict[str, ClassCalibration]) -> Plot:
    by_key = {run.entry.key: run for run in data.runs}
    series = []
    for key, fitted in found.items():
        points = tuple((each.predicted, each.observed) for each in fitted.bins)
        bands = tuple((each.low, each.high) for each in fitted.bins)
        run = by_key.get(key)
        series.append(
            Series(key, points, digits=None, tint="strong", intervals=bands)
            if run is None
            else run.series(points, digits=None, intervals=bands)
        )
    ideal = Series("perfect calibration", ((0.0, 0.0), (1.0, 1.0)), "faint")
    return Plot(
        f"Observed by predicted probability of {name}, test",
        (*series, ideal),
        x_label=f"predicted probability of {name}",
        y_label="observed share",
        y_bounds=(0.0, 1.0),
        empty=_EMPTY.empty,
    )


def _share(fitted: ClassCalibration) -> float:
    """Return the share of images with the class."""
    total = sum(each.num_images for each in fitted.bins)
    return sum(each.observed * each.num_images for each in fitted.bins) / max(1, total)
