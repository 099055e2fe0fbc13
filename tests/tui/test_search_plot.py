"""The chart of a search, of what its study's folder holds."""

from pathlib import Path

import msgspec
import pytest

from medtui.charts.figures.search import search
from medtui.charts.palette import DARK
from medtui.charts.render_cells import draw
from medtui.charts.style import ChartStyle, legend_of
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.run_view import RunView
from medtui.runs.search_record import (
    SearchCurve,
    SearchOutcome,
    SearchRecord,
    SearchSample,
    write_search,
)
from tests.helpers.recorded_runs import RecordedStudy


def sample(density: float, metric: float, *, is_feasible: bool, is_probe: bool) -> SearchSample:
    """Return a sample of Prune."""
    name = f"prune-{density}" + "-probe" * is_probe
    return SearchSample(
        name, density, is_probe, metric, 0.002, is_feasible, 1 / density, is_free=False
    )


def view_of(runs_dir: Path, *, is_over: bool) -> RunView:
    """Return the view of the first sample of a search of three."""
    study = RecordedStudy(runs_dir, "sought")
    study.reference()
    study.run("prune-0.5")
    samples = [
        sample(0.5, 0.957, is_feasible=True, is_probe=False),
        sample(0.1, 0.81, is_feasible=False, is_probe=False),
        sample(0.2, 0.94, is_feasible=False, is_probe=True),
    ]
    curve = SearchCurve([0.05, 0.1, 0.2, 0.5, 1.0], [0.8, 0.82, 0.94, 0.957, 0.96], [0.01] * 5)
    outcome = SearchOutcome(
        scheme="Prune", metric="accuracy", is_share=True, objective="size",
        method="gaussian-process", eps=0.01, sigmas=1.64, budget=10, reference=0.96,
        samples=samples, curve=curve, chosen="prune-0.5",
        next="" if is_over else "prune-0.31", next_density=None if is_over else 0.31,
        reason="nothing worth a run is left" if is_over else "",
    )  # fmt: skip
    write_search(study.folder, SearchRecord([outcome]))
    view = FolderReader(runs_dir).read("sought/prune-0.5", refresh_all=True).view
    assert view is not None
    return view


def test_samples_posterior_mean_bound_and_next_are_drawn(runs_dir: Path) -> None:
    """Each kind has its letter; what lies far below the bound does not flatten the rest."""
    plot = search(view_of(runs_dir, is_over=False).search)
    style = ChartStyle(DARK)
    said = legend_of(plot, style).plain
    assert said.startswith("m posterior mean  f feasible  n not shown feasible  l low-fidelity run")
    assert "★ chosen 0.5  ? next 0.31" in said
    assert "bound 95.0" in said
    assert "found 0.5, 3/10 samples" in said
    drawn = draw(plot, 80, 20, style).plain
    for letter in "mn★?":
        assert letter in drawn
    assert plot.y_limits[0] > 85


def test_a_search_without_a_posterior_is_drawn(runs_dir: Path) -> None:
    """Where all that ran has collapsed, what is asked next stands at the bound."""
    view = view_of(runs_dir, is_over=False)
    assert view.search is not None
    outcome = msgspec.structs.replace(view.search, curve=SearchCurve([], [], []))
    plot = search(outcome)
    assert "f feasible" in legend_of(plot, ChartStyle(DARK)).plain
    assert "?" in draw(plot, 80, 20, ChartStyle(DARK)).plain
    (asked,) = (series for series in plot.series if series.letter == "?")
    assert asked.points == (pytest.approx((0.31, 95.0)),)


def test_a_search_that_is_over_has_no_next(runs_dir: Path) -> None:
    """It counts the samples it needed, and the study the runs it has."""
    view = view_of(runs_dir, is_over=True)
    said = legend_of(search(view.search), ChartStyle(DARK)).plain
    assert "next" not in said
    assert "found 0.5, 3/3 samples" in said
