"""What very large terminals show of a finished run: classes and groups, and their calibration."""

from typing import TYPE_CHECKING

from rich.text import Text

from medtui.charts.figures.run import identity_of
from medtui.charts.plot import Plot
from medtui.charts.run_identity import identify_run
from medtui.charts.style import ChartStyle
from medtui.monitor.run_view import RunView
from medtui.tui.widgets.panel import TextPanel

if TYPE_CHECKING:
    from medtui.analysis.subgroup_analysis import SubgroupAnalysis


def calibration_plot(analysis: "SubgroupAnalysis | None", view: RunView) -> Plot | None:
    """Return the calibration of the commonest class in a run and in what it is compared with."""
    if analysis is None:
        return None
    from medtui.charts.figures.calibration import calibration_of_run  # imports numpy

    names = [run.name for run in view.study.runs]
    baseline = analysis.baseline.rpartition("/")[2]
    other = identify_run(view.study.name, baseline, names)
    return calibration_of_run(analysis, (identity_of(view), other))


def show_groups(panel: TextPanel, analysis: "SubgroupAnalysis | None", style: ChartStyle) -> None:
    """Show the changes of classes and groups with their verdicts."""
    if analysis is None or not panel.size:
        return
    from medtui.tui.compare.subgroup_text import describe_holm, draw_groups  # import numpy

    text = draw_groups(analysis, panel.content_size.width, style.colours)
    hidden = len(text.split("\n")) - panel.content_size.height
    below = describe_holm(analysis)
    if hidden > 0:
        below = f"{hidden} rows more in Compare, tab Subgroups"
    panel.caption("Classes and groups on test", Text(below, style=style.colours.muted))
    panel.show_text(text)
