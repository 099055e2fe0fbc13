"""What each of Compare's tabs holds, worked out in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from medtui.analysis.columns import column_named
from medtui.analysis.groups import Group, group_entries, mean_and_spread
from medtui.analysis.run_record import Entry, task_of
from medtui.analysis.run_tables import classes_sheet, layers_sheet, settings_sheet
from medtui.analysis.subgroup_analysis import Harm
from medtui.analysis.subgroup_tables import harm_sheets
from medtui.analysis.table import Sheet
from medtui.charts.palette import Colours
from medtui.charts.plot import Plot
from medtui.datasets.image_lookup import pictures_of
from medtui.errors import MedtuiError
from medtui.metrics import class_metric, primary_metric
from medtui.tui.compare.figures import (
    Marked,
    accuracy_overlay,
    density_plot,
    memory_overlay,
    pareto_plot,
    utilisation_overlay,
)
from medtui.tui.compare.model import Board, Workbench
from medtui.tui.widgets.image_strip import draw_samples
from medtui.tui.widgets.progress_bar import bar

TABS = ("Accuracy", "Memory", "Utilisation", "Averages", "Density", "Pareto", "Classes",
        "Who was hurt", "Settings")  # fmt: skip
"""In the order of their keys, 1 to 9."""

AVERAGED = ("accuracy", "auroc", "memory", "peak_memory", "utilisation", "process_memory", "cpu",
            "time")  # fmt: skip
"""Columns whose averages follow the primary metric's; what no run measured is left out."""

_BAR, _LABEL = 30, 28

Content = Plot | tuple[Sheet | Text, ...]


@dataclass(frozen=True)
class Request:
    """What is to be shown."""

    tab: str
    runs: tuple[Marked, ...]
    """Marked ones, in order."""
    current: Entry | None
    """The run under the cursor."""
    board: Board
    pin: Entry | None
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
    if asked.tab in {"Accuracy", "Memory", "Utilisation"}:
        return _overlay(bench, asked)
    if asked.tab == "Density":
        return density_plot(runs)
    if asked.tab == "Pareto":
        return pareto_plot(runs, is_by_latency=asked.is_turned)
    if asked.tab == "Averages":
        return (averages(group_entries(entries, ["scheme"]), colours),)
    if asked.tab == "Classes":
        return classes_sheet(entries, class_metric(task_of(entries))), layers_sheet(entries)
    return (settings_sheet(entries),)


def _overlay(bench: Workbench, asked: Request) -> Plot:
    """Draw the marked runs over each other."""
    curves = [bench.curves_of(run.entry) for run in asked.runs]
    if asked.tab == "Accuracy":
        return accuracy_overlay(asked.runs, curves)
    if asked.tab == "Memory":
        return memory_overlay(asked.runs, curves, is_free=asked.is_turned)
    return utilisation_overlay(asked.runs, curves)


def averages(groups: Sequence[Group], colours: Colours) -> Text:
    """Draw the mean of each scheme's runs as bars, a block for each number."""
    text = Text()
    primary = primary_metric(task_of([entry for group in groups for entry in group.members]))
    for name in dict.fromkeys([primary.name, *AVERAGED]):
        column = column_named(name)
        means = [group.mean(column) for group in groups]
        highest = max((mean for mean in means if mean is not None), default=0.0)
        if highest <= 0:
            continue
        text.append(f"{column.label}\n", style=f"bold {colours.strong}")
        for at, (group, mean) in enumerate(zip(groups, means, strict=True)):
            label = f"{group.label} ({len(group.members)})"
            text.append(f"  {label[:_LABEL]:<{_LABEL}}")
            hue = colours.series[at % len(colours.series)]
            text.append_text(bar((mean or 0.0) / highest, _BAR, colours, hue))
            text.append(f"  {mean_and_spread(group, column)}\n")
        text.append("\n")
    return text


def _hurt(bench: Workbench, asked: Request, colours: Colours) -> tuple[Sheet | Text, ...]:
    if asked.current is None:
        return (Text("No run is under the cursor.", colours.muted),)
    try:
        harm = bench.harm_of(asked.current, asked.board, asked.pin)
    except MedtuiError as error:
        return (Text(str(error), colours.warning),)
    if harm is None:
        return (Text("This run is the baseline: the others are held against it.", colours.muted),)
    flips, calibration, *others = harm_sheets([harm])
    return flips, _summary(harm, colours), *others[:-1], calibration, others[-1]


def _summary(harm: Harm, colours: Colours) -> Text:
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
