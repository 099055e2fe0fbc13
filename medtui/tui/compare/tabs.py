"""What each of Compare's tabs shows; threads compute it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from rich.text import Text

from medtui.analysis.differences import Differences
from medtui.analysis.run_record import RunRecord, task_of
from medtui.analysis.run_tables import classes_table, layers_table, settings_table
from medtui.analysis.subgroup_analysis import SubgroupAnalysis
from medtui.analysis.subgroup_tables import analysis_tables
from medtui.analysis.table import Table
from medtui.charts.figures.data import ChartedRun, FigureData
from medtui.charts.figures.registry import figure_named
from medtui.charts.palette import Colours
from medtui.charts.plot import Plot
from medtui.datasets.image_lookup import pictures_of
from medtui.errors import MedtuiError
from medtui.metrics import class_metric
from medtui.tui.compare.model import ComparisonLoader, FinishedRuns
from medtui.tui.widgets.image_strip import draw_samples
from medtui.tui.widgets.progress_bar import bar

SUBGROUPS = "Subgroups"
"""The tab on the run under the cursor."""

TABS = ("Accuracy", "Memory", "Utilisation", "Averages", "Density", "Pareto", "Classes",
        SUBGROUPS, "Settings")  # fmt: skip
"""In the order of their keys, 1 to 9."""

MAX_DIFFERENCES = 40
"""Marked runs whose differences are computed for the table."""

FIGURES = {
    "Accuracy": "accuracy", "Memory": "memory", "Utilisation": "utilisation",
    "Averages": "averages", "Density": "density", "Pareto": "pareto",
}  # fmt: skip
"""Tabs that show a figure, to its name; the tab's key switches between two plots of a figure."""

_OVER_TIME = frozenset({"Accuracy", "Memory", "Utilisation"})
"""Tabs whose figures need the runs' logs and telemetry."""

_OTHER_FIGURES = {
    ("Accuracy", 1): "test", ("Accuracy", 2): "changes", ("Classes", 1): "classes",
    (SUBGROUPS, 1): "calibration",
}  # fmt: skip
"""Tab and side to the name of the figure there, where it is another one than on the first side."""

_SIDES = {
    "Accuracy": ("val", "test", "changes"), "Memory": ("used", "free"),
    "Pareto": ("by size", "by latency"), "Classes": ("tables", "chart"),
    SUBGROUPS: ("tables", "calibration"),
}  # fmt: skip
"""What a tab's sides show, for the key that turns from one to the next."""

_BAR, _LABEL = 30, 30

TabContent = Plot | tuple[Table | Text, ...]


@dataclass(frozen=True)
class TabRequest:
    """What a tab is computed from."""

    tab: str
    runs: tuple[ChartedRun, ...]
    """Marked ones, in order."""
    current: RunRecord | None
    """The run under the cursor."""
    finished: FinishedRuns
    pin: RunRecord | None
    side: int
    """The side that is shown, from 0: free memory and latency are on side 1."""
    width: int
    """Cells across."""


def next_side(tab: str, side: int) -> int:
    """Return the side of a tab that follows another; 0 where it has no more."""
    return (side + 1) % len(_SIDES.get(tab, ("",)))


def compute_content(
    loader: ComparisonLoader, request: TabRequest, colours: Colours
) -> Iterator[TabContent]:
    """Yield a tab's content, then more complete ones; blocks while files are read."""
    content = _content(loader, request, colours)
    yield content
    if request.tab == SUBGROUPS and not isinstance(content, Plot):
        yield *content, _moved_images(loader, request, colours)


def compute_differences(
    loader: ComparisonLoader, request: TabRequest
) -> Iterator[tuple[str, Differences | str]]:
    """Yield marked runs' keys, each with its differences from its baseline, or why it has none."""
    for run in request.runs[:MAX_DIFFERENCES]:
        try:
            found = loader.differences_of(run.entry, request.finished, request.pin)
        except MedtuiError as error:
            yield run.entry.key, error.message
            continue
        if found is not None:
            yield run.entry.key, found


def describe_tabs(current: str, width: int, colours: Colours) -> Text:
    """Return the line of tabs; where names do not fit, only the current tab has its name."""
    is_narrow = width < sum(len(tab) + 4 for tab in TABS)
    text = Text(" ")
    for at, tab in enumerate(TABS, 1):
        is_current = tab == current
        name = f"{at}" if is_narrow and not is_current else f"{at} {tab}"
        text.append(f" {name} ", f"bold reverse {colours.accent}" if is_current else colours.muted)
        text.append(" ")
    return text


def _content(loader: ComparisonLoader, request: TabRequest, colours: Colours) -> TabContent:
    runs, entries = request.runs, [run.entry for run in request.runs]
    if name := _OTHER_FIGURES.get((request.tab, request.side)):
        return _other_figure(loader, request, name)
    if request.tab == SUBGROUPS:
        return _subgroups(loader, request, colours)
    if not runs:
        return (
            Text("No run is marked. Press Space to mark the run under the cursor.", colours.muted),
        )
    if request.tab in FIGURES:
        plots = figure_named(FIGURES[request.tab]).build(_figure_data(loader, request))
        if request.tab == "Averages":
            return (draw_averages(plots, colours),)
        return _side(plots, request)
    if request.tab == "Classes":
        return classes_table(entries, class_metric(task_of(entries))), layers_table(entries)
    return (settings_table(entries),)


def _side(plots: Sequence[Plot], request: TabRequest) -> Plot:
    """Return the plot that is shown."""
    return _with_hint(plots[min(request.side, len(plots) - 1)], request)


def _with_hint(plot: Plot, request: TabRequest) -> Plot:
    """Return a plot with the key that shows the tab's next side, if it has one."""
    if request.tab not in _SIDES:
        return plot
    other = _SIDES[request.tab][next_side(request.tab, request.side)]
    hint = f"{TABS.index(request.tab) + 1} again: {other}"
    return replace(plot, remark=f"{plot.remark}  {hint}".strip())


def _other_figure(loader: ComparisonLoader, request: TabRequest, name: str) -> Plot:
    """Return the figure on another side of a tab; pairs runs where it shows changes."""
    data = _figure_data(loader, request) if name == "test" else FigureData(request.runs)
    if name == "changes":
        found = compute_differences(loader, request)
        differences = {key: each for key, each in found if isinstance(each, Differences)}
        data = replace(data, differences=differences)
    elif name == "calibration" and request.current is not None:
        with suppress(MedtuiError):  # the tab's first side says why there is none
            analysis = loader.subgroups_of(request.current, request.finished, request.pin)
            data = replace(data, harms=(analysis,) if analysis else ())
    first, *others = figure_named(name).build(data)
    if others:
        first = replace(first, remark=f"{len(others)} more in the report")
    return _with_hint(first, request)


def _figure_data(loader: ComparisonLoader, request: TabRequest) -> FigureData:
    if request.tab not in _OVER_TIME:
        return FigureData(request.runs)
    curves = {run.entry.key: loader.curves_of(run.entry) for run in request.runs}
    return FigureData(request.runs, curves=curves)


def draw_averages(plots: Sequence[Plot], colours: Colours) -> Text:
    """Return bars of text, a block for each plot of means; unlike a chart, text can be scrolled."""
    text = Text()
    for plot in plots:
        (series,) = plot.series
        highest = max((value for value, _ in series.points), default=0.0)
        text.append(f"{plot.title}\n", style=f"bold {colours.strong}")
        for (value, row), (_, high) in zip(series.points, series.intervals, strict=True):
            text.append(f"  {plot.rows[int(row or 0)][:_LABEL]:<{_LABEL}}")
            text.append_text(bar(value / highest, _BAR, colours, colours.accent))
            spread = f" ± {high - value:.{series.digits}f}" if high > value else ""
            text.append(f"  {value:.{series.digits}f}{spread}\n")
        text.append("\n")
    return text


def _subgroups(
    loader: ComparisonLoader, request: TabRequest, colours: Colours
) -> tuple[Table | Text, ...]:
    if request.current is None:
        return (Text("There is no run under the cursor.", colours.muted),)
    try:
        analysis = loader.subgroups_of(request.current, request.finished, request.pin)
    except MedtuiError as error:
        return (Text(str(error), colours.warning),)
    if analysis is None:
        return (Text("This run is the baseline; the others are compared with it.", colours.muted),)
    flips, calibration, *others = analysis_tables([analysis])
    return flips, _summary(analysis, colours), *others[:-1], calibration, others[-1]


def _summary(analysis: SubgroupAnalysis, colours: Colours) -> Text:
    """Return the overall verdict, and the classes and groups that are worse or not shown."""
    margin = analysis.overall.metric.show_amount(analysis.margin)
    text = f"{analysis.verdict.text} overall, margin {margin}"
    worse = analysis.named("worse")
    open_ones = analysis.named("not shown", "not judged")
    if worse:
        text += f"; worse: {', '.join(worse)}"
    if open_ones:
        text += f"; not shown: {', '.join(open_ones)}"
    if worse or analysis.verdict.state == "worse":
        return Text(f"✗ {text}", style=colours.states["failed"])
    if open_ones or analysis.verdict.state != "non-inferior":
        return Text(f"? {text}", style=colours.warning)
    return Text(f"✓ {text}, and in every class and group", style=colours.good)


def _moved_images(loader: ComparisonLoader, request: TabRequest, colours: Colours) -> Text:
    """Return the images whose prediction changed most; listing the data set can take a while."""
    if request.current is None or request.current.preset is None:
        return Text()
    try:
        analysis = loader.subgroups_of(request.current, request.finished, request.pin)
    except MedtuiError:
        return Text()
    if analysis is None:
        return Text()
    names = [moved.name for moved in analysis.moved]
    pictures, problem = pictures_of(request.current.preset.data, names)
    samples = [
        (f"{moved.before:.2f} → {moved.after:.2f}", pictures[moved.name])
        for moved in analysis.moved
        if moved.name in pictures
    ]
    if problem or not samples:
        return Text(problem, colours.muted)
    return draw_samples(samples, request.width, colours)
