"""The report's figures: one row of `FIGURES` is one figure, in reports and for `--figure`."""

from typing import Any

from medtui.analysis.columns import column_named
from medtui.analysis.pareto import pareto_front
from medtui.analysis.run_record import Entry, reference_of, task_of
from medtui.analysis.run_tables import short_name
from medtui.metrics import class_metric
from medtui.metrics.calibration import Calibration
from medtui.monitor.telemetry_curves import MEAN_S
from medtui.reporting.axes import (
    group_look_of,
    has_densities,
    has_gpu,
    label_of,
    log_x,
    look_of,
    plot_curve,
    put_legend,
    scale_of,
    schemes_of,
)
from medtui.reporting.contents import Contents
from medtui.reporting.figure import Figure
from medtui.reporting.search_section import search_figures
from medtui.reporting.style import INK
from medtui.units import MIB


def paint_accuracy(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw the headline metric by cycle, a curve for each compression."""
    axes = figure.subplots()
    metric, scale = contents.headline, scale_of(contents)
    for entry in contents.compressed:
        curve = contents.curves[entry.key].metric(metric)
        label = short_name(entry, contents.entries)
        plot_curve(axes, curve, 1, label=label, **look_of(contents, entry))
    for reference in contents.references:
        value = reference.metric("val", metric.name)
        if value is not None:
            axes.axhline(value * scale, color=INK, linewidth=0.8, linestyle="--", label="reference")
    axes.set(xlabel="cycle", ylabel=label_of(contents, "val"))
    axes.xaxis.get_major_locator().set_params(integer=True)
    put_legend(figure, axes)


def paint_memory(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw memory over time."""
    axes = figure.subplots()
    for entry in contents.entries:
        telemetry, look = contents.curves[entry.key].telemetry, look_of(contents, entry)
        label = short_name(entry, contents.entries)
        plot_curve(axes, telemetry.memory_used, 1, label=label, **look)
        plot_curve(axes, telemetry.memory_free, 1, linewidth=0.6, alpha=0.6, **look)
    axes.set(xlabel="minutes", ylabel="memory in use, GiB")
    axes.set_ylim(bottom=0)
    put_legend(figure, axes)


def paint_utilisation(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw utilisation over time: raw faint, smoothed bold."""
    axes = figure.subplots()
    for entry in contents.entries:
        telemetry, look = contents.curves[entry.key].telemetry, look_of(contents, entry)
        plot_curve(axes, telemetry.utilisation, 1, linewidth=0.5, alpha=0.3, **look)
        label = short_name(entry, contents.entries)
        plot_curve(axes, telemetry.utilisation_mean, 1, label=label, **look)
    axes.set(xlabel="minutes", ylabel="GPU, %" if has_gpu(contents) else "CPU, % of one core")
    axes.set_ylim(bottom=0)
    put_legend(figure, axes)


def paint_averages(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw each scheme's means as bars, with the spread between its runs."""
    memory, busy = ("memory", "utilisation") if has_gpu(contents) else ("process_memory", "cpu")
    groups = schemes_of(contents, contents.entries)
    panels = [
        (column_named(contents.headline.name), scale_of(contents), label_of(contents, "test")),
        (column_named(memory), 1 / MIB, "mean memory, MiB"),
        (column_named(busy), 1.0, "mean utilisation, %"),
    ]
    all_axes = figure.subplots(1, len(panels), sharey=True)
    places = range(len(groups))
    hues = [group_look_of(contents, group)["color"] for group in groups]
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
    scale = scale_of(contents)
    for group in schemes_of(contents, [each for each in contents.compressed if each.density]):
        points = sorted(
            (entry.density or 0.0, value * scale)
            for entry in group.members
            if (value := entry.metric("test", contents.headline.name)) is not None
        )
        look = group_look_of(contents, group)
        plot_curve(axes, points, 1, marker="o", markersize=4, label=group.label, **look)
    for reference in contents.references:
        value = reference.metric("test", contents.headline.name)
        if value is not None:
            axes.axhline(value * scale, color=INK, linewidth=0.8, linestyle="--", label="reference")
    axes.set(xlabel="density", ylabel=label_of(contents, "test"))
    log_x(axes)
    put_legend(figure, axes)


def paint_pareto(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw the headline metric against packed size, and the front that nobody beats."""
    axes = figure.subplots()
    known = [
        (entry, entry.result.size.bytes_packed / MIB, value * scale_of(contents))
        for entry in contents.entries
        if (value := entry.metric("test", contents.headline.name)) is not None
    ]
    front = [known[at] for at in pareto_front([(x, y) for _, x, y in known])]
    axes.plot([x for _, x, _ in front], [y for *_, y in front], color=INK, linewidth=0.7)
    for entry, x, y in known:
        look = look_of(contents, entry, is_dotted=True)
        axes.plot(x, y, markersize=6, label=short_name(entry, contents.entries), **look)
    axes.set(xlabel="packed size, MiB", ylabel=label_of(contents, "test"))
    log_x(axes)
    put_legend(figure, axes)


def paint_changes(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw each run's paired change of the headline metric with its interval."""
    axes = figure.subplots()
    rows = [
        (entry, found.by_metric[contents.headline.name])
        for entry in contents.compressed
        if (found := contents.found.get(entry.key)) and contents.headline.name in found.by_metric
    ]
    scale = scale_of(contents)
    for at, (entry, change) in enumerate(rows):
        hue = look_of(contents, entry)["color"]
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
    metric = class_metric(task_of(contents.entries))
    classes = list(contents.entries[0].result.test.per_class)
    for entry in contents.entries:
        per_class = entry.result.test.per_class
        values = [per_class.get(name, {}).get(metric.name) for name in classes]
        known = [(value, place) for place, value in enumerate(values) if value is not None]
        axes.plot([x for x, _ in known], [y for _, y in known], markersize=4, alpha=0.8,
                  label=short_name(entry, contents.entries),
                  **look_of(contents, entry, is_dotted=True))  # fmt: skip
    axes.set_yticks(range(len(classes)), classes)
    axes.locator_params(axis="x", nbins=5)
    axes.invert_yaxis()
    axes.set(xlabel=f"test {metric.label}, one against the rest")
    put_legend(figure, axes)


def paint_calibration(contents: Contents, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw reliability before and after."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6, linestyle=":")
    by_key = {entry.key: entry for entry in contents.entries}
    told = set[str]()
    for harm in contents.harms:
        entry = by_key[harm.key]
        reference = reference_of(entry, contents.references)
        if reference is not None and reference.key not in told:
            told.add(reference.key)
            _plot_reliability(axes, harm.before, contents, reference)
        _plot_reliability(axes, harm.after, contents, entry)
    axes.set(xlabel="confidence", ylabel="share that is right")
    put_legend(figure, axes)


def _plot_reliability(axes: Any, found: Calibration, contents: Contents, entry: Entry) -> None:  # noqa: ANN401 - matplotlib's
    points = [(each.confidence, each.accuracy) for each in found.bins]
    label = short_name(entry, contents.entries)
    look = look_of(contents, entry) if entry in contents.entries else {"color": INK}
    plot_curve(axes, points, 1, marker="o", markersize=3, label=label, **look)


def _any_compressed(contents: Contents) -> bool:
    return bool(contents.compressed)


FIGURES: tuple[Figure, ...] = (
    Figure("accuracy", "By cycle", "{metric} on val at each cycle of L-C, "
           "before any fine-tuning.",
           paint_accuracy, _any_compressed),
    Figure("changes", "Changes", "Paired change on test against the reference, with 95 % "
           "intervals over patients.", paint_changes, lambda contents: bool(contents.found)),
    Figure("density", "By density", "{metric} on test against the density asked for.",
           paint_density, has_densities),
    Figure("pareto", "Size", "{metric} on test against packed size; the line joins "
           "the runs that no other beats in both.", paint_pareto),
    Figure("classes", "By class", "Each class on test in each run.", paint_classes),
    Figure("calibration", "Calibration", "How often answers of one confidence are right, on test.",
           paint_calibration, lambda contents: bool(contents.harms)),
    Figure("averages", "Averages", "Means by scheme; bars show the spread between its runs.",
           paint_averages),
    Figure("memory", "Memory", "Memory over time: used bold, free faint.",
           paint_memory),
    Figure("utilisation", "Utilisation", f"Over time: raw faint, mean of {MEAN_S} samples bold.",
           paint_utilisation),
)  # fmt: skip
"""All figures, in the order in which they are shown."""


def figures_of(contents: Contents) -> list[Figure]:
    """Give the figures that have something to show, those of searches last."""
    return [*(each for each in FIGURES if each.applies(contents)), *search_figures(contents)]
