"""What each of Compare's tabs holds, worked out in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text

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
from medtui.tui.compare.model import Board, Workbench
from medtui.tui.widgets.image_strip import draw_samples
from medtui.tui.widgets.progress_bar import bar

TABS = ("Accuracy", "Memory", "Utilisation", "Averages", "Density", "Pareto", "Classes",
        "Who was hurt", "Settings")  # fmt: skip
"""In the order of their keys, 1 to 9."""

FIGURES = {
    "Accuracy": "accuracy", "Memory": "memory", "Utilisation": "utilisation",
    "Averages": "averages", "Density": "density", "Pareto": "pareto",
}  # fmt: skip
"""The tabs that show a figure, to the figure's name; a figure of two plots turns between them."""

_OVER_TIME = frozenset({"Accuracy", "Memory", "Utilisation"})
"""Tabs whose figures need the runs' logs and telemetry."""

_SIDES = {"Memory": ("used", "free"), "Pareto": ("by size", "by latency")}
"""What the two plots of a figure show, for the key that turns between them."""

_BAR, _LABEL = 30, 28

Content = Plot | tuple[Table | Text, ...]


@dataclass(frozen=True)
class Request:
    """What is to be shown."""

    tab: str
    runs: tuple[ChartedRun, ...]
    """Marked ones, in order."""
    current: RunRecord | None
    """The run under the cursor."""
    board: Board
    pin: RunRecord | None
    is_turned: bool
    """Whether the tab's other side is wanted: free memory, latency."""
    width: int
    """Cells across."""


def make_content(bench: Workbench, asked: Request, colours: Colours) -> Content:
    """Give what a tab holds; blocks while files are read and intervals drawn."""
    runs, entries = asked.runs, [run.entry for run in asked.runs]
    if asked.tab == "Who was hurt":
        return _hurt(bench, asked, colours)
    if not runs:
        return (Text("No run is marked: space marks the one under the cursor.", colours.muted),)
    if asked.tab in FIGURES:
        plots = figure_named(FIGURES[asked.tab]).build(_figure_data(bench, asked))
        if asked.tab == "Averages":
            return (draw_averages(plots, colours),)
        return _side(plots, asked)
    if asked.tab == "Classes":
        return classes_table(entries, class_metric(task_of(entries))), layers_table(entries)
    return (settings_table(entries),)


def _side(plots: Sequence[Plot], asked: Request) -> Plot:
    """Return the plot that is shown, and name the key that shows the other one."""
    if len(plots) == 1:
        return plots[0]
    shown, other = (1, 0) if asked.is_turned else (0, 1)
    hint = f"{TABS.index(asked.tab) + 1} again: {_SIDES[asked.tab][other]}"
    plot = plots[shown]
    return replace(plot, remark=f"{plot.remark}  {hint}".strip())


def _figure_data(bench: Workbench, asked: Request) -> FigureData:
    if asked.tab not in _OVER_TIME:
        return FigureData(asked.runs)
    curves = {run.entry.key: bench.curves_of(run.entry) for run in asked.runs}
    return FigureData(asked.runs, curves=curves)


def draw_averages(plots: Sequence[Plot], colours: Colours) -> Text:
    """Return bars of text, a block for each plot of means: they scroll where a chart does not."""
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


def _hurt(bench: Workbench, asked: Request, colours: Colours) -> tuple[Table | Text, ...]:
    if asked.current is None:
        return (Text("No run is under the cursor.", colours.muted),)
    try:
        harm = bench.harm_of(asked.current, asked.board, asked.pin)
    except MedtuiError as error:
        return (Text(str(error), colours.warning),)
    if harm is None:
        return (Text("This run is the baseline: the others are held against it.", colours.muted),)
    flips, calibration, *others = analysis_tables([harm])
    return flips, _summary(harm, colours), *others[:-1], calibration, others[-1]


def _summary(harm: SubgroupAnalysis, colours: Colours) -> Text:
    if not harm.passes:
        return Text("✗ The mean falls below the tolerance.", style=colours.states["failed"])
    if harm.marked:
        names = ", ".join(harm.marked)
        return Text(f"✗ The mean holds, but look at {names}.", style=colours.states["failed"])
    return Text("✓ The mean holds, and so does every class and group.", style=colours.good)


def moved_images(bench: Workbench, asked: Request, colours: Colours) -> Text:
    """Draw the images whose answer moved most; listing the data set can take a while."""
    if asked.current is None or asked.current.preset is None:
        return Text()
    try:
        harm = bench.harm_of(asked.current, asked.board, asked.pin)
    except MedtuiError:
        return Text()
    if harm is None:
        return Text()
    names = [moved.name for moved in harm.moved]
    pictures, problem = pictures_of(asked.current.preset.data, names)
    samples = [
        (f"{moved.before:.2f} → {moved.after:.2f}", pictures[moved.name])
        for moved in harm.moved
        if moved.name in pictures
    ]
    if problem or not samples:
        return Text(problem, colours.muted)
    return draw_samples(samples, asked.width, colours)
