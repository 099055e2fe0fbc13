"""What Compare's charts add to those of reports: the cursor's run, the baseline, its margin."""

from dataclasses import replace

from medtui.charts.figures.data import ChartedRun, FigureData
from medtui.charts.figures.off_scale import without_far_points
from medtui.charts.plot import Level, LevelRole, Plot, Series, Zone
from medtui.tui.compare.tabs import TabRequest

_ON_VAL = ", chosen on val"


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
    """Return a plot of points with the control's line, else the reference's, and the margin.

    Only where all runs are of one study: others have baselines of their own. Points that are far
    from the line are at the edge, with their value.
    """
    plot = replace(
        plot,
        title=f"{plot.y_label[:1].upper()}{plot.y_label[1:]}, by {plot.x_label.partition(',')[0]}",
        remark=plot.remark.replace("front: ", "Pareto front, by val: ").removesuffix(_ON_VAL),
    )
    if len({run.entry.folder.study.name for run in request.runs}) > 1 or request.pin:
        return plot
    controls = [run for run in request.runs if run.entry.folder.is_control]
    references = [run for run in request.runs if run.entry.folder.is_reference]
    scratch = [run for run in request.runs if run.entry.folder.is_scratch and plot.levels]
    data = FigureData(request.runs)
    shown: list[tuple[ChartedRun, LevelRole]] = [(run, "control") for run in controls[:1]]
    shown += [(run, "reference") for run in references[:1]]
    shown += [(run, "plain") for run in scratch]
    levels = [
        Level(run.title, value, data.headline.digits, role)
        for run, role in shown
        if (value := data.test_value(run)) is not None
    ]
    margins = {run.entry.margin for run in request.runs if run.entry.folder.is_compared}
    if not levels or len(margins) != 1:
        return replace(plot, levels=tuple(levels))
    (margin,) = margins
    top, amount = levels[0].value, data.headline.scale(margin) or 0.0
    zone = Zone(f"margin {data.headline.show_amount(margin)}", top - amount, top)
    return without_far_points(replace(plot, levels=tuple(levels), zones=(zone,)))
