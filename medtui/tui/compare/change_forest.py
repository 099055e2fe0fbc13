"""The forests of Compare: changes of the marked runs, and means over seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.text import Text

from medtui.analysis.differences import Differences
from medtui.analysis.group_statistics import GroupStatistics
from medtui.analysis.groups import Group
from medtui.charts.figures.by_category import averages
from medtui.charts.figures.data import ChartedRun, FigureData
from medtui.charts.palette import Colours
from medtui.charts.plot import Plot
from medtui.metrics import Metric
from medtui.metrics.nested import MIN_SEEDS
from medtui.tui.compare.forest import AXIS_ROWS, Forest, ForestRow, draw_forest
from medtui.units import MISSING

_PERCENT = 100.0


def change_forest(
    runs: Sequence[ChartedRun],
    found: Mapping[str, Differences | str],
    metric: Metric,
    colours: Colours,
    *,
    is_judged: bool,
) -> Forest:
    """Return each run's change of a metric; a baseline, which is the zero line, has no row.

    `found` has a run's differences, or why it has none; it lacks runs that are being computed.
    """
    scale = _PERCENT if metric.is_share else 1.0
    changes = {key: each for key, each in found.items() if isinstance(each, Differences)}
    baselines = {
        changes[run.entry.key].baseline
        for run in runs
        if run.entry.key in changes and not run.entry.folder.is_control
    }
    has_control = any(run.entry.folder.is_control for run in runs if run.entry.key in baselines)
    shown = [run for run in runs if run.entry.key not in baselines]
    shown = [run for run in shown if not (has_control and run.entry.folder.is_control)]
    margins = {run.entry.margin for run in shown if run.entry.folder.is_compared}
    margin = -margins.pop() * scale if is_judged and len(margins) == 1 else None
    rows = tuple(_row(run, found.get(run.entry.key), metric, scale, colours) for run in shown)
    return Forest(rows, metric.digits, margin=margin, unit="points" if metric.is_share else "")


def group_forest(
    groups: Sequence[Group],
    statistics: Mapping[str, GroupStatistics],
    metric: Metric,
    hues: Mapping[str, str],
    *,
    is_judged: bool,
) -> Forest:
    """Return the change of each group, averaged over its seeds, with intervals over both.

    A group has the hue of its first run, so that groups can be told apart as runs can; `hues` are
    those of runs.

    Groups of references and controls, which have no change of their own, have no row.
    """
    scale = _PERCENT if metric.is_share else 1.0
    rows = list[ForestRow]()
    for group in groups:
        found = statistics[group.label].changes
        if found is None or not group.members[0].folder.is_compared:
            continue
        label = group.label.removesuffix(f" {MISSING}")
        row = ForestRow(
            group.label, "≡", hues[group.members[0].key], f"{label} ({len(group.members)})"
        )
        rows.append(_filled(row, found, metric, scale))
    margins = {each.margin for group in groups for each in group.members if each.folder.is_compared}
    margin = -margins.pop() * scale if is_judged and len(margins) == 1 else None
    unit = "points" if metric.is_share else ""
    return Forest(tuple(rows), metric.digits, margin=margin, unit=unit)


def _row(
    run: ChartedRun,
    found: Differences | str | None,
    metric: Metric,
    scale: float,
    colours: Colours,
) -> ForestRow:
    row = ForestRow(run.entry.key, run.mark.letter, colours.of(run.mark.tint), run.title)
    if not isinstance(found, Differences):
        return replace(row, words="computing …" if found is None else found)
    below = ForestRow("", "", colours.muted, "on val", is_hollow=True)
    has_val = found.on_val is not None and metric.name in found.on_val.by_metric
    on_val = _filled(below, found.on_val, metric, scale) if found.on_val and has_val else None
    return replace(_filled(row, found, metric, scale), on_val=on_val)


def _filled(row: ForestRow, found: Differences, metric: Metric, scale: float) -> ForestRow:
    """Return a row with the change of a metric, or with what stands in its place."""
    difference = found.by_metric.get(metric.name)
    if difference is None or not math.isfinite(difference.value):
        return replace(row, words=f"{metric.label} is undefined")
    if not difference.has_interval:
        mark = difference.shortage.mark if difference.shortage else "no interval"
        mark = f"seeds < {MIN_SEEDS}" if found.lacks_seeds else mark
        return replace(row, value=difference.value * scale, words=mark)
    interval = (difference.low * scale, difference.high * scale)
    return replace(row, value=difference.value * scale, interval=interval)


def draw_averages(runs: Sequence[ChartedRun], width: int, colours: Colours) -> Text:
    """Return a block for each plot of means over seeds: dots, with bars of one deviation.

    Each has a scale of its own, from its lowest to its highest value: bars from zero hid what
    differs. A group of one run has that run's letter.
    """
    data = FigureData(tuple(runs))
    letters = {run.entry.key: run for run in runs}
    groups = data.cells()
    firsts = [letters[group.members[0].key] for group in groups]
    alone = {
        at: letters[group.members[0].key]
        for at, group in enumerate(groups)
        if len(group.members) == 1
    }
    text = Text()
    for plot in averages(data):
        text.append(f"{plot.title}\n", style=f"bold {colours.strong}")
        forest = _forest_of(plot, firsts, alone, colours)
        text.append_text(draw_forest(forest, width, len(forest.rows) + AXIS_ROWS, colours))
        text.append("\n\n")
    text.append(
        "dot: mean over the seeds of a scheme and density, bar: one standard deviation to either "
        "side; ring: one seed",
        style=colours.muted,
    )
    return text


def _forest_of(plot: Plot, firsts: Sequence[ChartedRun], alone: Mapping[int, ChartedRun],
               colours: Colours) -> Forest:  # fmt: skip
    (series,) = plot.series
    rows = []
    for (value, row), (low, high) in zip(series.points, series.intervals, strict=True):
        at = int(row or 0)
        run = alone.get(at)
        first = firsts[at]
        rows.append(ForestRow(
            str(at),
            run.mark.letter if run else "",
            colours.of(first.mark.tint),
            run.title if run else plot.rows[at],
            value,
            (low, high) if high > low else None,
            "" if high > low else f"{value:.{series.digits or 0}f}",
        ))  # fmt: skip
    return Forest(tuple(rows), series.digits or 0, is_change=False)
