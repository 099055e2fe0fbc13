"""What Compare's charts add to those of reports: the cursor's run, the baseline, its margin."""

from dataclasses import replace

from medtui.charts.figures.data import ChartedRun, FigureData
from medtui.charts.plot import Level, LevelRole, Plot, Series, Zone
from medtui.tui.compare.tabs import TabRequest


def lit(plot: Plot, letter: str) -> Plot:
    """Return a plot in which the series of one run is drawn last and emphasised.

    Where runs are points, the legend names this one alone: the table has the others' letters.
    """
    return replace(plot, series=tuple(_lit(series, letter) for series in plot.series))


def _lit(series: Series, letter: str) -> Series:
    is_lit = bool(letter) and series.letter == letter
    is_point = series.stroke == "dots" and len(series.points) == 1
    label = "" if is_point and letter and not is_lit else series.label
    return replace(series, is_lit=is_lit, label=label)


def with_baseline(plot: Plot, request: TabRequest) -> Plot:
    """Return the plot of sizes with the control's line, else the reference's, and the margin.

    Only where all runs are of one study: others have baselines of their own. The front is named in
    the title, which a narrow pane cuts last.
    """
    front = plot.remark.removeprefix("front: ").removesuffix(", chosen on val").replace(",", "")
    if front:
        what, unit = plot.y_label, plot.x_label.rpartition(", ")[2]
        title = f"{what[:1].upper()}{what[1:]} · {unit} · Pareto: {front}, on val"
        plot = replace(plot, title=title, remark="")
    if len({run.entry.folder.study.name for run in request.runs}) > 1 or request.pin:
        return plot
    controls = [run for run in request.runs if run.entry.folder.is_control]
    references = [run for run in request.runs if run.entry.folder.is_reference]
    data = FigureData(request.runs)
    shown: list[tuple[ChartedRun, LevelRole]] = [(run, "control") for run in controls[:1]]
    shown += [(run, "reference") for run in references[:1]]
    levels = [
        Level(run.title, value, data.headline.digits, role)
        for run, role in shown
        if (value := data.test_value(run)) is not None
    ]
    margins = {run.entry.margin for run in request.runs if run.entry.folder.is_compared}
    if not levels or len(margins) != 1:
        return replace(plot, levels=tuple(levels))
    amount = data.headline.scale(margins.pop()) or 0.0
    top = levels[0].value
    return replace(plot, levels=tuple(levels), zones=(Zone("margin", top - amount, top),))
