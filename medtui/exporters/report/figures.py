"""The report's figures: one row of `FIGURES` is one figure, in reports and for `--figure`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from medtui.exporters.report.contents import Contents
from medtui.exporters.report.style import HEIGHT_INCHES, INK, PALETTE
from medtui.runs.comparison.columns import column_named
from medtui.runs.comparison.curves import Curve
from medtui.runs.comparison.entry import Entry
from medtui.runs.comparison.groups import Group, group_entries
from medtui.runs.comparison.pareto import pareto_front
from medtui.runs.comparison.sheets import per_class_metric, short_name
from medtui.units import MIB

SMOOTHING = 10
"""Samples whose mean is the bold curve of utilisation."""

_DECADE = 10


@dataclass(frozen=True)
class Figure:
    """One figure."""

    name: str
    """As `--figure` says it."""
    title: str
    caption: str
    """What is shown and on which split; `{metric}` stands for the headline metric."""
    paint: Callable[[Contents, Any], None]
    """Draws on a matplotlib figure."""
    applies: Callable[[Contents], bool] = lambda _: True
    """Whether these runs have something to show there."""
    height: float = HEIGHT_INCHES
    """Inches."""

    def describe(self, contents: Contents) -> str:
        """Give the caption in these runs' words."""
        label = contents.headline.label
        return self.caption.format(metric=label[:1].upper() + label[1:])


def paint_accuracy(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw the headline metric by cycle, a curve for each compression."""
    axes = figure.subplots()
    metric, scale = contents.headline, _scale(contents)
    for entry in contents.compressed:
        curve = contents.curves[entry.key].metric
        label = short_name(entry, contents.entries)
        _plot(axes, curve, scale, color=_colour(contents, entry), label=label)
    for reference in contents.references:
        value = reference.metric("val", metric.name)
        if value is not None:
            axes.axhline(value * scale, color=INK, linewidth=0.8, linestyle="--", label="reference")
    axes.set(xlabel="cycle", ylabel=_label(contents, "val"))
    axes.xaxis.get_major_locator().set_params(integer=True)
    _legend(figure, axes)


def paint_memory(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw memory over time."""
    axes = figure.subplots()
    for entry in contents.entries:
        curves, hue = contents.curves[entry.key], _colour(contents, entry)
        label = short_name(entry, contents.entries)
        _plot(axes, curves.memory, 1, color=hue, label=label)
        _plot(axes, curves.free, 1, color=hue, linestyle=":", linewidth=0.8)
    axes.set(xlabel="minutes", ylabel="memory in use, GiB")
    axes.set_ylim(bottom=0)
    _legend(figure, axes)


def paint_utilisation(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw utilisation over time: raw faint, smoothed bold."""
    axes = figure.subplots()
    for entry in contents.entries:
        curve, hue = contents.curves[entry.key].utilisation, _colour(contents, entry)
        _plot(axes, curve, 1, color=hue, linewidth=0.5, alpha=0.3)
        label = short_name(entry, contents.entries)
        _plot(axes, _smooth(curve), 1, color=hue, label=label)
    axes.set(xlabel="minutes", ylabel="GPU, %" if _has_gpu(contents) else "CPU, % of one core")
    axes.set_ylim(bottom=0)
    _legend(figure, axes)


def paint_averages(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw each scheme's means as bars, with the spread between its runs."""
    memory, busy = ("memory", "utilisation") if _has_gpu(contents) else ("process_memory", "cpu")
    groups = group_entries(contents.entries, ["scheme"])
    panels = [
        (column_named(contents.headline.name), _scale(contents), _label(contents, "test")),
        (column_named(memory), 1 / MIB, "mean memory, MiB"),
        (column_named(busy), 1.0, "mean utilisation, %"),
    ]
    all_axes = figure.subplots(1, len(panels), sharey=True)
    places = range(len(groups))
    hues = [_first_hue(contents, group) for group in groups]
    for axes, (column, scale, label) in zip(all_axes, panels, strict=True):
        means = [(group.mean(column) or 0.0) * scale for group in groups]
        spreads = [(group.spread(column) or 0.0) * scale for group in groups]
        axes.barh(places, means, xerr=spreads, color=hues, ecolor=INK)
        axes.set(xlabel=label)
        axes.grid(axis="y", visible=False)
    all_axes[0].set_yticks(places, [group.label for group in groups])
    all_axes[0].invert_yaxis()


def paint_density(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw the headline metric against density, logarithmic, a curve for each scheme."""
    axes = figure.subplots()
    scale = _scale(contents)
    groups = group_entries([each for each in contents.compressed if each.density], ["scheme"])
    for group in groups:
        points = sorted(
            (entry.density or 0.0, value * scale)
            for entry in group.members
            if (value := entry.metric("test", contents.headline.name)) is not None
        )
        hue = _first_hue(contents, group)
        _plot(axes, points, 1, color=hue, marker="o", markersize=4, label=group.label)
    for reference in contents.references:
        value = reference.metric("test", contents.headline.name)
        if value is not None:
            axes.axhline(value * scale, color=INK, linewidth=0.8, linestyle="--", label="reference")
    axes.set(xlabel="density", ylabel=_label(contents, "test"))
    _log_x(axes)
    _legend(figure, axes)


def paint_pareto(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw the headline metric against packed size, and the front that nobody beats."""
    axes = figure.subplots()
    known = [
        (entry, entry.result.size.bytes_packed / MIB, value * _scale(contents))
        for entry in contents.entries
        if (value := entry.metric("test", contents.headline.name)) is not None
    ]
    front = [known[at] for at in pareto_front([(x, y) for _, x, y in known])]
    axes.plot([x for _, x, _ in front], [y for *_, y in front], color=INK, linewidth=0.7)
    for entry, x, y in known:
        axes.plot(x, y, "o", color=_colour(contents, entry), markersize=5)
        axes.annotate(short_name(entry, contents.entries), (x, y), xytext=(4, 4), fontsize=7,
                      textcoords="offset points")  # fmt: skip
    axes.set(xlabel="packed size, MiB", ylabel=_label(contents, "test"))
    _log_x(axes)


def paint_changes(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw each run's paired change of the headline metric with its interval."""
    axes = figure.subplots()
    rows = [
        (entry, found.by_metric[contents.headline.name])
        for entry in contents.compressed
        if (found := contents.found.get(entry.key)) and contents.headline.name in found.by_metric
    ]
    scale = _scale(contents)
    for at, (entry, change) in enumerate(rows):
        hue = _colour(contents, entry)
        axes.plot([change.low * scale, change.high * scale], [at, at], color=hue)
        axes.plot(change.value * scale, at, "o", color=hue, markersize=5)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [short_name(entry, contents.entries) for entry, _ in rows])
    axes.invert_yaxis()
    unit = ", points" if contents.headline.is_share else ""
    axes.set(xlabel=f"change of test {contents.headline.label} against the reference{unit}")
    axes.grid(axis="y", visible=False)


def paint_classes(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw each class's metric in each run."""
    axes = figure.subplots()
    metric = per_class_metric(contents.entries)
    classes = list(contents.entries[0].result.test.per_class)
    for entry in contents.entries:
        per_class = entry.result.test.per_class
        values = [per_class.get(name, {}).get(metric.name) for name in classes]
        known = [(value, place) for place, value in enumerate(values) if value is not None]
        axes.plot([x for x, _ in known], [y for _, y in known], "o", markersize=4, alpha=0.8,
                  color=_colour(contents, entry),
                  label=short_name(entry, contents.entries))  # fmt: skip
    axes.set_yticks(range(len(classes)), classes)
    axes.invert_yaxis()
    axes.set(xlabel=f"test {metric.label}, one against the rest")
    _legend(figure, axes)


def paint_calibration(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw reliability before and after."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6, linestyle=":")
    before = contents.harms[0].before
    axes.plot([each.confidence for each in before.bins], [each.accuracy for each in before.bins],
              color=INK, marker="o", markersize=3, label="reference")  # fmt: skip
    by_key = {entry.key: entry for entry in contents.entries}
    for harm in contents.harms:
        bins = harm.after.bins
        axes.plot([each.confidence for each in bins], [each.accuracy for each in bins],
                  color=_colour(contents, by_key[harm.key]), marker="o", markersize=3,
                  label=harm.key.partition("/")[2])  # fmt: skip
    axes.set(xlabel="confidence", ylabel="share that is right")
    _legend(figure, axes)


def _has_gpu(contents: Contents) -> bool:
    return any(curves.has_gpu for curves in contents.curves.values())


def _has_densities(contents: Contents) -> bool:
    return len({entry.density for entry in contents.compressed if entry.density}) > 1


def _scale(contents: Contents) -> float:
    return 100.0 if contents.headline.is_share else 1.0


def _label(contents: Contents, split: str) -> str:
    return f"{split} {contents.headline.label}{', %' if contents.headline.is_share else ''}"


def _colour(contents: Contents, entry: Entry) -> str:
    """Give a run the same colour in every figure; references have the ink's."""
    if entry.folder.is_reference:
        return INK
    return PALETTE[contents.compressed.index(entry) % len(PALETTE)]


def _first_hue(contents: Contents, group: Group) -> str:
    """Give a scheme the colour of its first run."""
    return _colour(contents, group.members[0])


def _log_x(axes: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Make x logarithmic with plain numbers; those between decades where there is one decade."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    plain = FuncFormatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(plain if high / low < _DECADE else NullFormatter())


def _plot(axes: Any, curve: Sequence[tuple[float, float]], scale: float, **look: Any) -> None:  # noqa: ANN401 - matplotlib's
    axes.plot([x for x, _ in curve], [y * scale for _, y in curve], **look)


def _smooth(curve: Curve) -> Curve:
    values = [y for _, y in curve]
    windows = [values[max(0, at + 1 - SMOOTHING) : at + 1] for at in range(len(values))]
    return tuple(
        (x, sum(window) / len(window)) for (x, _), window in zip(curve, windows, strict=True)
    )


def _legend(figure: Any, axes: Any) -> None:  # noqa: ANN401 - matplotlib's
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if unique:
        figure.legend(list(unique.values()), list(unique), loc="outside right upper")


def _any_compressed(contents: Contents) -> bool:
    return bool(contents.compressed)


FIGURES: tuple[Figure, ...] = (
    Figure("accuracy", "By cycle", "{metric} on val at each cycle of L-C, "
           "before any fine-tuning.",
           paint_accuracy, _any_compressed),
    Figure("changes", "Changes", "Paired change on test against the reference, with 95 % "
           "intervals over patients.", paint_changes, lambda contents: bool(contents.found)),
    Figure("density", "By density", "{metric} on test against the density asked for.",
           paint_density, _has_densities),
    Figure("pareto", "Size", "{metric} on test against packed size; the line joins "
           "the runs that no other beats in both.", paint_pareto),
    Figure("classes", "By class", "Each class on test in each run.", paint_classes),
    Figure("calibration", "Calibration", "How often answers of one confidence are right, on test.",
           paint_calibration, lambda contents: bool(contents.harms)),
    Figure("averages", "Averages", "Means by scheme; bars show the spread between its runs.",
           paint_averages),
    Figure("memory", "Memory", "Memory over time: used solid, free dotted where there is a GPU.",
           paint_memory),
    Figure("utilisation", "Utilisation", f"Over time: raw faint, mean of {SMOOTHING} samples bold.",
           paint_utilisation),
)  # fmt: skip
"""All figures, in the order in which they are shown."""
