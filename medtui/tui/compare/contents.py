"""What each of Compare's tabs shows; threads compute it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from rich.text import Text

from medtui.analysis.differences import Differences
from medtui.analysis.run_record import task_of
from medtui.analysis.run_tables import classes_table, layers_table, settings_table
from medtui.analysis.run_titles import title_of_run, titles_of
from medtui.analysis.subgroup_analysis import SubgroupAnalysis
from medtui.analysis.subgroup_tables import calibration_table, class_calibration_table
from medtui.analysis.table import Table
from medtui.charts.figures.data import FigureData
from medtui.charts.figures.off_scale import without_far_curves
from medtui.charts.figures.registry import figure_named
from medtui.charts.palette import Colours
from medtui.charts.plot import Plot
from medtui.errors import MedtuiError
from medtui.metrics import class_metric
from medtui.tui.compare.change_forest import draw_averages
from medtui.tui.compare.lighting import with_baseline
from medtui.tui.compare.model import ComparisonLoader
from medtui.tui.compare.subgroup_text import baseline_word
from medtui.tui.compare.tabs import (
    CALIBRATION,
    CHANGE,
    CURVES,
    SIZE,
    SUBGROUPS,
    TabRequest,
    hint_of,
)
from medtui.tui.widgets.run_titles import fitted_titles

MAX_DIFFERENCES = 200
"""Runs whose differences are computed for the table, marked ones first."""

_FIGURES = {
    ("Curves", 0): ("accuracy", 0), ("Curves", 1): ("test", 0), (SIZE, 0): ("pareto", 0),
    (SIZE, 1): ("pareto", 1), ("Density", 0): ("density", 0), ("Memory", 0): ("memory", 0),
    ("Memory", 1): ("memory", 1), ("Memory", 2): ("utilisation", 0), ("Classes", 1): ("classes", 0),
}  # fmt: skip
"""Tab and side to the figure there, and which of its plots."""

_TITLE_CELLS = 16
"""Cells of a run's title above a column."""

_OVER_TIME = frozenset({"accuracy", "test", "memory", "utilisation"})
"""Figures that need the runs' logs and telemetry."""

TabContent = Plot | tuple[Table | Text, ...] | SubgroupAnalysis


def compute_content(loader: ComparisonLoader, request: TabRequest, colours: Colours) -> TabContent:
    """Return a tab's content; blocks while files are read."""
    if request.tab == SUBGROUPS:
        return _analysis(loader, request, colours)
    if request.tab == CALIBRATION:
        return _calibration(loader, request, colours)
    if not request.runs:
        words = "No run is marked. Press Space to mark the run under the cursor."
        return (Text(words, colours.muted),)
    if request.tab == CHANGE:
        return (draw_averages(request.runs, request.width, colours),)
    if found := _FIGURES.get((request.tab, request.side)):
        return _plot(loader, request, *found)
    entries = [run.entry for run in request.runs]
    titles = titles_of(entries)
    names = tuple(titles[entry.key] for entry in entries)
    if request.tab == "Classes":
        layers = replace(layers_table(entries), title="Density by layer")
        tables = [classes_table(entries, class_metric(task_of(entries))), layers]
    else:
        tables = [settings_table(entries)]
    return tuple(_with_titles(table, names) for table in tables)


def compute_differences(
    loader: ComparisonLoader, request: TabRequest
) -> Iterator[tuple[str, Differences | str]]:
    """Yield keys of runs, each with its differences from its baseline, or why it has none.

    Marked runs come first, then the others of the table: nobody can tell a dash for a run that was
    left out from one for a run without a baseline.
    """
    entries = {run.entry.key: run.entry for run in request.runs}
    entries |= {entry.key: entry for entry in request.shown}
    for key, entry in islice(entries.items(), MAX_DIFFERENCES):
        try:
            found = loader.differences_of(entry, request.finished, request.pin)
        except MedtuiError as error:
            yield key, error.message
            continue
        if found is not None:
            yield key, found


def _with_titles(table: Table, names: Sequence[str]) -> Table:
    """Return a table with a column per run whose headers are the runs' titles, shortened."""
    before = table.headers[: len(table.headers) - len(names)]
    return replace(table, shown_headers=(*before, *fitted_titles(names, _TITLE_CELLS)))


def _plot(loader: ComparisonLoader, request: TabRequest, name: str, at: int) -> Plot:
    curves = (
        {run.entry.key: loader.curves_of(run.entry) for run in request.runs}
        if name in _OVER_TIME
        else {}
    )
    plots = figure_named(name).build(FigureData(request.runs, curves=curves))
    plot = plots[min(at, len(plots) - 1)]
    if request.tab in {SIZE, "Density"}:
        plot = with_baseline(plot, request)
    if request.tab == CURVES:
        plot = without_far_curves(plot)
    return with_hint(plot, request)


def with_hint(plot: Plot, request: TabRequest) -> Plot:
    """Return a plot with the key that shows the tab's next side, if it has one."""
    hint = hint_of(request.tab, request.side)
    return replace(plot, remark=f"{plot.remark}  {hint}".strip()) if hint else plot


def _analysis(
    loader: ComparisonLoader, request: TabRequest, colours: Colours
) -> SubgroupAnalysis | tuple[Text, ...]:
    """Return the analysis of the run under the cursor, or why there is none."""
    if request.current is None:
        return (Text("There is no run under the cursor.", colours.muted),)
    try:
        analysis = loader.subgroups_of(request.current, request.finished, request.pin)
    except MedtuiError as error:
        return (Text(str(error), colours.warning),)
    if analysis is None:
        return (Text(_baseline_words(request), colours.muted),)
    return analysis


def _baseline_words(request: TabRequest) -> str:
    """Return why there is nothing about a baseline, and which key goes on."""
    keys = [each.key if each else "" for each in (request.pin, request.current)]
    is_pinned = keys[0] == keys[1]
    unpin = "; p unpins it" if is_pinned else ""
    kind = "pinned" if is_pinned else "the baseline"
    return f"This run is {kind}: the others are compared with it. . goes to the next run{unpin}."


def _of_screen(table: Table, analysis: SubgroupAnalysis, request: TabRequest) -> Table:
    """Return a table of a report with the names that the screen has for a run and its baseline."""
    name = title_of_run(request.current) if request.current else analysis.key
    words = {"before": baseline_word(analysis), "after": "this"}
    headers = tuple(" ".join(words.get(word, word) for word in header.split())
                    for header in table.headers)  # fmt: skip
    rows = tuple((name if row[0] == analysis.key else row[0], *row[1:]) for row in table.rows)
    title = table.title.replace(analysis.key, name)
    return replace(table, title=title, rows=rows, shown_headers=headers)


def _calibration(loader: ComparisonLoader, request: TabRequest, colours: Colours) -> TabContent:
    analysis = _analysis(loader, request, colours)
    if not isinstance(analysis, SubgroupAnalysis):
        return analysis
    if request.side:
        tables = calibration_table([analysis]), class_calibration_table(analysis)
        return tuple(_of_screen(table, analysis, request) for table in tables)
    data = FigureData(request.runs, analyses=(analysis,))
    first, *others = figure_named("calibration").build(data)
    more = f"{len(others)} more in the report" if others else ""
    remark = " · ".join(filter(None, (first.remark, more)))
    return with_hint(replace(first, remark=remark), request)
