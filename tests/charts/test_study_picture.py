"""The picture of a study: where its runs, intervals, levels and margin are."""

from dataclasses import replace

import pytest

from medtui.charts.figures.study_picture import picture_points, study_picture
from medtui.charts.palette import DARK
from medtui.charts.render_cells import draw
from medtui.charts.style import ChartStyle
from medtui.units import MIB
from tests.helpers.drawn_outcomes import found, outcome_of_run, run_of, study_of

STUDY = study_of(
    run_of("reference"), run_of("control"), run_of("prune-0.1"), run_of("filterprune-0.1"),
    run_of("prune-0.01", status="running", val=0.925, expected=5 * MIB),
)  # fmt: skip
OUTCOME = found(
    outcome_of_run("reference", 0.91, 42.7, (-0.016, -0.029, -0.005)),
    outcome_of_run("control", 0.926, 42.7),
    outcome_of_run("prune-0.1", 0.929, 5.66, (0.003, -0.002, 0.008)),
    outcome_of_run("filterprune-0.1", 0.508, 3.6, (-0.418, -0.46, -0.371)),
)


def test_whiskers_are_paired_intervals_at_the_level_of_the_control() -> None:
    """A run's value lies in its whisker, whose ends are the control's value and those changes."""
    plot = study_picture(STUDY, OUTCOME)
    series = next(each for each in plot.series if each.letter == "A")
    assert series.points == ((pytest.approx(5.66, abs=1e-6), pytest.approx(92.9)),)
    assert series.intervals == ((pytest.approx(92.4), pytest.approx(93.4)),)
    (dense,) = (each for each in plot.series if each.letter == "◇")
    assert not dense.intervals


def test_the_margin_lies_below_the_control() -> None:
    """Control and reference are levels; the band ends at the largest loss that is accepted."""
    plot = study_picture(STUDY, OUTCOME)
    assert [(level.role, round(level.value, 1)) for level in plot.levels] == [
        ("control", 92.6), ("reference", 91.0),
    ]  # fmt: skip
    (zone,) = plot.zones
    assert (round(zone.low, 1), round(zone.high, 1)) == (91.6, 92.6)
    uncontrolled = study_picture(STUDY, found(outcome_of_run("reference", 0.91, 42.7)))
    assert round(uncontrolled.zones[0].high, 1) == 91.0


def test_the_band_can_be_the_interval_of_the_control_or_none() -> None:
    """Its own interval is wider than the paired ones, which is why it is not shown at first."""
    runs = [replace(OUTCOME.runs[1], own=(0.87, 0.96)), *OUTCOME.runs[2:]]
    (zone,) = study_picture(STUDY, found(*runs), band="interval").zones
    assert (round(zone.low, 1), round(zone.high, 1)) == (87.0, 96.0)
    assert study_picture(STUDY, OUTCOME, band="interval").zones == ()
    assert study_picture(STUDY, OUTCOME, band="none").zones == ()


def test_a_point_far_below_is_named_at_the_edge_and_squeezes_nothing() -> None:
    """Its letter stands there with its value, and the axis ends near the others."""
    plot = study_picture(STUDY, OUTCOME)
    low, high = plot.y_limits
    assert low is not None
    assert high is not None
    assert 85 < low < 91.0
    assert 93.4 < high < 95
    assert "B▼50.8" in draw(plot, 60, 20, ChartStyle(DARK)).plain


def test_a_live_run_is_hollow_at_its_value_on_val() -> None:
    """It has no test yet; its size is the one that its density leads to."""
    plot = study_picture(STUDY, OUTCOME, lit="cells/prune-0.01")
    live = next(each for each in plot.series if each.letter == "C")
    assert live.is_hollow
    assert live.is_lit
    assert live.points == ((5.0, pytest.approx(92.5)),)
    assert "val so far" in plot.remark


def test_the_points_are_walked_by_size() -> None:
    """Smallest first, live ones among them."""
    names = [point.run.name for point in picture_points(STUDY, OUTCOME)]
    assert names == ["filterprune-0.1", "prune-0.01", "prune-0.1", "control", "reference"]
    assert study_picture(STUDY, None).is_empty is False
    assert study_picture(study_of(run_of("reference")), None).is_empty


def test_an_empty_picture_says_what_it_waits_for() -> None:
    """Finished runs are compared; only without one is none finished."""
    finished, live = study_of(run_of("reference")), study_of(run_of("reference", status="running"))
    assert study_picture(finished, None).empty == "comparing runs …"
    assert "no run" in study_picture(live, None).empty


def test_the_axes_say_what_they_count() -> None:
    """Size is that of the file without zeros, and stands at its axis."""
    drawn = draw(study_picture(STUDY, OUTCOME), 60, 20, ChartStyle(DARK)).plain
    assert " sparse file size, MiB ─" in drawn.splitlines()[-2]
