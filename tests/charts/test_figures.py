"""Every figure has one builder: screens and reports draw the same numbers."""

import re
from dataclasses import replace

import matplotlib as mpl
import msgspec
import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from rich.text import Text

from medtui.analysis.columns import column_named
from medtui.charts.downsample import MAX_COLUMNS, thin_points
from medtui.charts.figures.data import ChartedRun, FigureData
from medtui.charts.figures.over_time import metric_by_cycle
from medtui.charts.figures.registry import FIGURES, Figure, figures_of
from medtui.charts.palette import DARK, PAPER
from medtui.charts.plot import Plot
from medtui.charts.render_cells import draw
from medtui.charts.render_matplotlib import paint, svg_of
from medtui.charts.style import ChartStyle
from medtui.metrics.intervals import Difference
from medtui.reporting.contents import Contents, gather
from medtui.runs.folder import StudyFolder
from medtui.tui.compare.contents import compute_content
from medtui.tui.compare.model import ComparisonLoader
from medtui.tui.compare.tabs import CALIBRATION, TabRequest
from tests.helpers.paths import RECORDED
from tests.helpers.searched_study import write_searched_study


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """The report on the cells, with a search."""
    study = write_searched_study(tmp_path_factory.mktemp("searched"))
    (found,) = gather([study], lambda _what: None)
    return found


@pytest.fixture(scope="module")
def data(contents: Contents) -> FigureData:
    """What its figures are made of."""
    return contents.figure_data


NAMES = [figure.name for figure in FIGURES] + ["search-prune"]


def named(name: str, data: FigureData) -> Figure:
    """Return a figure of these runs."""
    return next(each for each in figures_of(data) if each.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_the_report_s_figure_holds_the_plot_s_numbers(name: str, data: FigureData) -> None:
    """What matplotlib drew is read back: points of curves, widths of bars, levels."""
    plots = named(name, data).plots(data)
    canvas = Canvas()
    paint(plots, canvas)
    panels = [axes for axes in canvas.axes if axes.axison]
    assert len(panels) == len(plots)
    for plot, axes in zip(plots, panels, strict=True):
        drawn = {tuple(map(tuple, np.nan_to_num(line.get_xydata(), nan=-1.0).tolist()))
                 for line in axes.lines}  # fmt: skip
        for series in plot.series:
            if series.stroke == "bars":
                widths = [patch.get_width() for patch in axes.patches]
                assert widths == pytest.approx([x for x, _ in series.points])
                continue
            points = tuple((x, -1.0 if y is None else y) for x, y in series.points)
            assert points in drawn, series.label
        for level in plot.levels:
            sides = [value for line in drawn for point in line for value in point]
            assert level.value in sides


@pytest.mark.parametrize("name", NAMES)
def test_the_figure_s_legend_has_letters_and_the_palette_s_colours(
    name: str, data: FigureData
) -> None:
    """Every labelled series is named by letter and label in the SVG, in its place's colour."""
    plots = named(name, data).plots(data)
    svg = svg_of(plots)
    for plot in plots:
        for series in plot.series:
            if series.letter and series.label:
                value = f", {series.value}" if series.value else ""
                assert f">{series.letter} {series.label}{value}</text>" in svg
                assert PAPER.of(series.tint).lower() in svg.lower()
        assert plot.x_label in svg


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_can_be_drawn_on_a_screen(name: str, data: FigureData) -> None:
    """Letters of all series and names of all rows stand in it; nothing is wider than asked."""
    for plot in named(name, data).plots(data):
        lines = draw(plot, 100, 24, ChartStyle(DARK)).plain.splitlines()
        assert len(lines) == 24
        assert all(len(line) <= 100 for line in lines)
        assert all(any(row in line for line in lines) for row in plot.rows)
        ascii_style = ChartStyle(DARK, is_ascii=True)
        assert re.search(r"[A-Za-z=]", draw(plot, 100, 24, ascii_style).plain)


@pytest.mark.parametrize("name", ["accuracy", "test", "density", "pareto"])
def test_the_axis_of_a_metric_ends_where_its_values_do(name: str, data: FigureData) -> None:
    """No accuracy is above 100 %."""
    for plot in named(name, data).plots(data):
        assert plot.y_bounds == (0, 100), plot.title


def shown(tab: str, contents: Contents, *, side: int = 0) -> object:
    """Return what a tab of Compare holds for the report's runs."""
    runs: tuple[ChartedRun, ...] = contents.figure_data.runs
    runs_dir = runs[0].entry.folder.study.path.parent
    loader = ComparisonLoader(runs_dir)
    current = next(run.entry for run in runs if not run.entry.folder.is_reference)
    request = TabRequest(tab, runs, current, loader.load(), None, side, 100)
    return compute_content(loader, request, DARK)


TABS = {
    "Curves": (("accuracy", 0), ("test", 0)),
    "Size": (("pareto", 0), ("pareto", 1)),
    "Density": (("density", 0),),
    "Memory": (("memory", 0), ("memory", 1), ("utilisation", 0)),
}
"""Tabs of Compare to the figures on their sides, and which of a figure's plots."""


@pytest.mark.parametrize("tab", sorted(TABS))
def test_a_tab_of_compare_shows_the_report_s_plots(tab: str, contents: Contents) -> None:
    """The same plot, and on the next sides others; the legend says which key turns to them."""
    data = contents.figure_data
    for side, (name, at) in enumerate(TABS[tab]):
        plot = named(name, data).build(data)[at]
        found = shown(tab, contents, side=side)
        assert isinstance(found, Plot)
        assert found.series == plot.series
        assert found.x_label == plot.x_label
        assert ("again" in found.remark) == (len(TABS[tab]) > 1)


def test_averages_are_dots_of_the_report_s_numbers(contents: Contents) -> None:
    """A group of one run has its letter, and each mean of one seed stands beside its ring."""
    data = contents.figure_data
    (text,) = shown("Change", contents, side=1)
    assert isinstance(text, Text)
    for plot in named("averages", data).build(data):
        assert plot.title in text.plain
        assert all(row[:30] in text.plain for row in plot.rows)
    assert "◇ reference" in text.plain


def test_classes_and_calibration_are_the_other_sides_of_their_tables(contents: Contents) -> None:
    """A second press of their digit draws the report's figure; calibration of the current run."""
    data = contents.figure_data
    (classes,) = named("classes", data).build(data)
    found = shown("Classes", contents, side=1)
    assert isinstance(found, Plot)
    assert replace(found, remark="") == classes
    (calibration,) = named("calibration", data).build(data)
    found = shown(CALIBRATION, contents)
    assert isinstance(found, Plot)
    assert len(found.series) == 3
    assert set(found.series) <= set(calibration.series)
    assert {each.stroke for each in found.series[:-1]} == {"dots"}  # not joined where nothing is
    assert found.series[-1].name == "ideal"
    (analysis,) = (each for each in data.analyses if each.key == data.compressed[0].entry.key)
    errors = [f"{each.error:.3f}" for each in (analysis.before, analysis.after)]
    assert [each.value for each in found.series[:-1]] == errors


def test_a_fine_tuned_model_is_a_point_behind_the_cycles(data: FigureData) -> None:
    """Its value on val is that of the run's screen; the cycles before it had others."""
    run = data.compressed[0]
    curves = {run.entry.key: data.curves[run.entry.key]}
    last = curves[run.entry.key].cycles[-1].cycle
    val = run.entry.result.val
    tuned = msgspec.structs.replace(val, metrics={**val.metrics, "accuracy": 0.875})
    result = msgspec.structs.replace(run.entry.result, val=tuned)
    other = replace(run, entry=replace(run.entry, result=result))
    (plot,) = metric_by_cycle(replace(data, runs=(other,), curves=curves))
    assert plot.series[0].points[-2:] == ((last + 0.5, None), (last + 1, 87.5))
    assert plot.x_names == ((last + 1, "fine-tuned"),)
    (plot,) = metric_by_cycle(replace(data, runs=(run,), curves=curves))
    assert plot.x_names == ()
    assert plot.series[0].points[-1][0] == last


def test_a_pinned_baseline_is_named(data: FigureData) -> None:
    """Changes against one run are not called changes against the reference."""
    key = data.compressed[0].entry.key
    other = data.compressed[1].entry.key
    pinned = {other: replace(data.differences[other], baseline=key)}
    (plot,) = named("changes", data).build(replace(data, differences=pinned))
    assert f"against {key}" in plot.title
    assert plot.rows == (data.compressed[1].title,)


def test_averages_are_the_columns_means(data: FigureData) -> None:
    """In the unit of the axis: shares in percent, memory in MiB, short times in seconds."""
    plots = {plot.title: plot.series[0] for plot in named("averages", data).plots(data)}
    group = data.cells()[0]
    mean = group.mean(column_named("accuracy"))
    assert mean is not None
    assert plots["test accuracy, %"].points[0] == (pytest.approx(100 * mean), 0.0)
    seconds = group.mean(column_named("time"))
    assert seconds is not None
    assert plots["time, s"].points[0] == (pytest.approx(seconds), 0.0)


def test_changes_are_the_report_s_intervals(data: FigureData) -> None:
    """In points, a row for each compression, with the interval that its table shows."""
    (plot,) = named("changes", data).plots(data)
    assert plot.rows == tuple(run.title for run in data.compressed)
    for run, series in zip(data.compressed, plot.series, strict=True):
        change = data.differences[run.entry.key].by_metric["accuracy"]
        assert series.points[0][0] == pytest.approx(100 * change.value)
        assert series.intervals == ()  # of too few patients


def test_changes_have_their_intervals(data: FigureData) -> None:
    """Where there are patients enough, each change has its interval."""
    change = Difference(0.01, -0.02, 0.04, standard_error=0.015)
    known = {key: replace(each, by_metric={"accuracy": change})
             for key, each in data.differences.items()}  # fmt: skip
    (plot,) = named("changes", data).plots(replace(data, differences=known))
    assert [series.intervals for series in plot.series] == [((-2.0, 4.0),)] * len(plot.series)


def test_classes_are_in_percent_where_their_metric_is(data: FigureData) -> None:
    """Sensitivity is a share; the table beside the figure shows it in percent."""
    (plot,) = named("classes", data).plots(data)
    first = data.runs[0].entry.result.test.per_class
    values = {plot.rows[int(row)]: value for value, row in plot.series[0].points}
    assert values == pytest.approx(
        {name: 100 * each["sensitivity"] for name, each in first.items()}
    )
    assert "%" in plot.x_label


def test_films_have_the_same_figures() -> None:
    """A task with several labels for an image draws AUROC, which is no percentage."""
    (found,) = gather([StudyFolder(RECORDED / "films")], lambda _what: None)
    data = found.figure_data
    assert {figure.name for figure in figures_of(data)} == {figure.name for figure in FIGURES}
    (plot,) = named("classes", data).plots(data)
    assert plot.x_label == "test AUROC, one vs rest"


def test_long_curves_are_thinned_once() -> None:
    """Spikes, gaps and both ends stay; thinning again changes nothing."""
    points = tuple(
        (float(x), None if x == 5_000 else 100.0 if x == 7_777 else float(x % 7))
        for x in range(20_000)
    )
    thinned = thin_points(points)
    assert len(thinned) <= 2 * MAX_COLUMNS + 5
    assert (7_777.0, 100.0) in thinned
    assert thinned[0] == points[0]
    assert thinned[-1] == points[-1]
    assert sum(y is None for _, y in thinned) == 1
    assert thin_points(thinned) == thinned


def test_drawing_leaves_matplotlib_s_settings_alone() -> None:
    """They are global: a notebook that calls medtui keeps its own."""
    before = dict(mpl.rcParams)
    svg_of([Plot("x", ())])
    assert dict(mpl.rcParams) == before


def test_densities_are_not_merged_into_one_bar() -> None:
    """Two densities of a scheme have a bar each, with their own numbers and no spread."""
    (found,) = gather([StudyFolder(RECORDED / "films")], lambda _what: None)
    for plot in named("averages", found.figure_data).plots(found.figure_data):
        assert plot.rows == ("reference", "Prune 0.5", "Prune 0.05")
        (series,) = plot.series
        assert all(low == high for low, high in series.intervals)
    (exact,) = (plot for plot in named("averages", found.figure_data).plots(found.figure_data)
                if plot.title.startswith("test exact match"))  # fmt: skip
    values = [100 * entry.result.test.metrics["exact_match"] for entry in found.entries]
    assert sorted(x for x, _ in exact.series[0].points) == pytest.approx(sorted(values))


def test_test_by_cycle_is_drawn_from_the_events() -> None:
    """Films have a plot each of AUROC, accuracy and exact match, with every cycle in the log."""
    (found,) = gather([StudyFolder(RECORDED / "films")], lambda _what: None)
    data = found.figure_data
    plots = named("test", data).plots(data)
    for plot, name in zip(plots, ("auroc", "accuracy", "exact_match"), strict=True):
        assert "before any fine-tuning" in plot.title
        assert "for the record" in plot.remark
        scale = 1 if name == "auroc" else 100
        for run, series in zip(data.compressed, plot.series, strict=True):
            cycles = data.curves[run.entry.key].cycles
            assert [(x, y) for x, y in series.points] == [
                (cycle.cycle, pytest.approx(scale * cycle.test[name])) for cycle in cycles
            ]
