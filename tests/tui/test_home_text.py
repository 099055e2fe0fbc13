"""What Home says: sentences, rows, titles and curves as pure functions."""

import time
from dataclasses import replace

import pytest

from medtui.analysis.outcome import StudyOutcome, ValChange
from medtui.analysis.study_outcome import outcome_of
from medtui.charts.figures.study_curves import study_curves
from medtui.charts.palette import DARK
from medtui.charts.run_identity import RunIdentity
from medtui.charts.style import ChartStyle, legend_of
from medtui.monitor.study_order import choose_studies
from medtui.monitor.study_summary import StudyLine
from medtui.runs.folder import StudyFolder
from medtui.tui.home.log_rows import log_rows
from medtui.tui.screens.refusals import refusal
from medtui.tui.status_text import as_of
from medtui.tui.widgets.run_titles import fitted_title, fitted_titles
from medtui.tui.widgets.sparkline import sparkline
from medtui.tui.widgets.study_list import run_cells, study_cells
from medtui.tui.widgets.study_text import run_details, sentences
from medtui.tui.widgets.verdict_text import change_text
from medtui.tui.widths import read_widths, remember_width, widths_path
from medtui.units import MINUS, TIMES
from tests.helpers.drawn_outcomes import CHOSEN, found, outcome_of_run, run_of, study_of
from tests.helpers.paths import RECORDED

SCRATCH = (
    f"scratch, trained from scratch, is 99{TIMES} smaller; its test accuracy changes by "
    "+1.7 [+0.4, +3.1]."
)
NEAR = f"{MINUS}0.3 [{MINUS}2.4, +1.8]"
HOLDING = ValChange(
    "PruneQuantize16 0.1", CHOSEN.names, f"{MINUS}0.2 [{MINUS}0.9, +0.6]", -0.009, holds=True
)
MARK = RunIdentity("cells/prune-0.1", "A", 0)


@pytest.fixture(scope="module")
def cells_outcome() -> StudyOutcome:
    """What the recorded cells came to."""
    outcome = outcome_of(StudyFolder(RECORDED / "cells"))
    assert outcome is not None
    return outcome


@pytest.mark.parametrize("width", [58, 78, 118, 198])
def test_the_sentence_has_size_change_and_interval_at_every_width(width: int) -> None:
    """The wider the screen, the more it says; it is never cut."""
    outcome = found(chosen=CHOSEN, warnings=(SCRATCH,))
    outcome = replace(outcome, on_val=(HOLDING,))
    said = sentences(study_of(run_of("control")), outcome, DARK, width)
    test, val, before = (line.plain for line in said)
    assert "PruneQuantize16 0.1" in test
    assert f"test accuracy +0.3 [{MINUS}0.3, +1.0]" in test
    assert f"{MINUS}0.2 [{MINUS}0.9, +0.6] points" in val
    assert "…" not in test + val
    assert max(line.cell_len for line in said) <= width
    if width >= 118:
        assert f"file 12{TIMES} smaller" in test
        assert "on 29 patients" in test
        assert before.startswith("▌ Before you use it: scratch")
    if width >= 198:
        assert "control: non-inferior at 1 point on 29 " in test
        assert "excludes a loss of 1 point" in val


def test_without_a_choice_the_change_on_val_that_decided_is_shown() -> None:
    """Nothing is praised that val does not hold, and by how much it did not is no secret."""
    study = study_of(run_of("reference"), run_of("prune-0.1"), run_of("prune-0.5", status="queued"))
    near = ValChange("Prune 0.1", ("prune-0.1",), NEAR, -0.024, holds=False)
    far = ValChange("Prune 0.5", ("prune-0.5",), f"{MINUS}9.0 [-12, -6]", -0.12, holds=False)
    outcome = replace(found(outcome_of_run("reference", 0.9, 40)), on_val=(far, near),
                      num_val_patients=15)  # fmt: skip
    first, second, third = (line.plain for line in sentences(study, outcome, DARK, 118))
    none = "No compression is chosen{}: on val none excludes a loss of 1 point of accuracy."
    assert first.endswith(none.format(" so far"))
    assert f"Closest on val so far: Prune 0.1, accuracy {NEAR} points" in second
    assert study_cells(study, outcome, DARK, "1 h")["chosen"].plain == "none so far"
    assert "on 15 patients" in second
    assert "2 of 3 runs done" in third
    over = replace(study, num_finished=3)
    first, second, _ = (line.plain for line in sentences(over, outcome, DARK, 118))
    assert first.endswith(none.format(""))
    assert f"Closest on val: Prune 0.1, accuracy {NEAR} points" in second
    assert study_cells(over, outcome, DARK, "1 h")["chosen"].plain == "none chosen"
    narrow = sentences(study, outcome, DARK, 78)[1].plain
    assert NEAR in narrow
    assert len(narrow) <= 78
    told = run_details(run_of("prune-0.1"), outcome, DARK).plain
    assert "val" not in told  # without a value on test the run is not compared yet


def test_the_change_on_val_stands_beside_the_run_under_the_cursor() -> None:
    """The mark beside a run is of test; what val says of it is said in words."""
    near = ValChange("Prune 0.1", ("prune-0.1",), NEAR, -0.024, holds=False)
    outcome = replace(found(outcome_of_run("prune-0.1", 0.929, 3.53)), on_val=(near,))
    told = run_details(run_of("prune-0.1"), outcome, DARK, width=40).plain.splitlines()
    assert told[2] == f"val {NEAR} · not chosen"


def test_a_study_that_has_just_begun_says_once_how_far_it_is() -> None:
    """The second line is for what has to be known besides."""
    study = replace(study_of(run_of("reference", status="running")), is_live=True)
    first, *others = sentences(study, None, DARK, 118)
    assert "0 of 1 runs done" in first.plain
    assert [line.plain for line in others] == ["", ""]


def test_a_row_has_the_change_with_its_verdict_and_a_live_one_its_cycle() -> None:
    """Colour is not the only cue, and val gets no verdict."""
    outcome = outcome_of_run("prune-0.1", 0.929, 5.66, (0.003, -0.002, 0.008))
    outcome = replace(outcome, text=f"+0.3 [{MINUS}0.2, +0.8]", smaller=7.53, state="non-inferior")
    cells = run_cells(run_of("prune-0.1", title="Prune 0.1"), outcome, MARK, DARK, "a run")
    assert cells["change"].plain == f"+0.3 [{MINUS}0.2, +0.8] ✓"
    assert cells["smaller"].plain == f"7.5{TIMES} smaller"
    assert cells["value"].plain == "92.9"
    live = run_cells(run_of("prune-0.1", status="running"), None, MARK, DARK, "a run")
    assert live["change"].plain == "● 6/8 val 93.0 %"
    assert live["value"].plain == ""


def test_too_few_patients_are_called_so_on_every_screen(cells_outcome: StudyOutcome) -> None:
    """With six test patients nothing is judged: not even that something is not shown."""
    outcome = cells_outcome.run("prune-0.1")
    assert outcome is not None
    cells = run_cells(run_of("prune-0.1"), outcome, MARK, DARK, "a run")
    assert cells["change"].plain.endswith("[n < 9] ·")
    assert cells["verdict"].plain == " too few"
    assert "too few" in run_details(run_of("prune-0.1"), cells_outcome, DARK).plain


def test_resume_is_offered_where_it_does_something() -> None:
    """A study that goes on resumes single runs, after the others; one that is over none."""
    live = replace(
        study_of(run_of("prune-0.1", status="running"), run_of("prune-0.5", status="stopped")),
        is_live=True, status="running",
    )  # fmt: skip
    assert "is running" in refusal("resume", live)
    assert "is running" in refusal("resume", live, live.runs[0])
    assert not refusal("resume", live, live.runs[1])
    over = replace(live, is_live=False, status="finished")
    assert "is finished" in refusal("resume", over, over.runs[1])
    assert not refusal("resume", replace(over, status="stopped"))


def test_figures_of_a_silent_run_are_dimmed_and_say_from_when_they_are() -> None:
    """Nobody refreshes them, so they do not look live."""
    moment = time.mktime((2026, 3, 4, 14, 2, 0, 0, 0, -1))
    run = replace(run_of("prune-0.1", status="silent"), last_at=moment, curve=(0.5, 0.9))
    cells = run_cells(run, None, MARK, DARK, "a run", now=moment + 240)
    assert cells["change"].plain == "◍ silent as of 14:02"
    assert "val 93.0 % as of 14:02" in run_details(run, None, DARK, moment + 240).plain
    assert as_of(moment, moment + 200_000) == "as of 04 Mar 14:02"
    told = study_cells(replace(study_of(run), status="silent"), None, DARK, "4 min")
    assert told["state"].plain == "silent 4 min ago"
    assert DARK.strong not in {str(span.style) for span in told["name"].spans}


def test_a_run_that_cannot_be_read_says_why_below_its_row() -> None:
    """A path cut in a column would tell nothing."""
    problem = "/runs/cells/prune-0.1/result.json is damaged: Input data was truncated."
    run = replace(run_of("prune-0.1"), warning=problem, problem=problem)
    assert run_cells(run, None, MARK, DARK, "a run")["change"].plain == "⚠ cannot be read"
    assert problem in run_details(run, found(), DARK).plain


def test_what_is_dense_has_no_factor() -> None:
    """Neither the reference nor the control has a factor of 1.0."""
    outcome = found(outcome_of_run("reference", 0.91, 42.7))
    run = run_of("reference")
    assert (
        f"{TIMES}"
        not in run_cells(run, outcome.run("reference"), MARK, DARK, "a run")["smaller"].plain
    )
    assert f"{TIMES}" not in run_details(run, outcome, DARK).plain


def test_differences_of_auroc_have_three_decimals_and_no_zero_before_the_point() -> None:
    """They fit the column of differences in points."""
    text = change_text(
        f"{MINUS}0.002 [{MINUS}0.009, +0.005]",
        "not shown",
        DARK,
        run_of("a", task="multi").headline,
    )
    assert text.plain == f"{MINUS}.002 [{MINUS}.009, +.005] ~"


def test_a_study_names_its_choice_or_why_there_is_none() -> None:
    """With letter, factor, change and verdict."""
    study = study_of(run_of("reference"), run_of("prunequantize16-0.1"))
    cells = study_cells(study, found(chosen=CHOSEN), DARK, "3 h")
    assert cells["chosen"].plain == "A PruneQuantize16 0.1"
    assert cells["smaller"].plain == f"12{TIMES} smaller"
    assert cells["verdict"].plain == "non-inferior"
    assert cells["state"].plain == "finished 3 h ago"
    assert study_cells(study, None, DARK, "now")["state"].plain == "finished now"
    assert study_cells(study, found(), DARK, "3 h")["chosen"].plain == "none chosen"


def test_titles_lose_words_before_they_lose_the_density() -> None:
    """A cut number would read as another one."""
    assert fitted_title("StructPruneQuantize16 0.1", 30) == "StructPruneQuantize16 0.1"
    assert fitted_title("StructPruneQuantize16 0.1", 17) == "SPruneQ16 0.1"
    assert fitted_title("a-scheme-with-a-long-name 0.05", 14) == "a-scheme… 0.05"


def test_in_one_table_the_same_words_are_shortened() -> None:
    """`FilterPrune60` above `FPrune60Stock` would look like another scheme."""
    titles = ["reference", "FilterPrune60", "FilterPrune60Stock", "Prune 0.1"]
    assert fitted_titles(titles, 18) == titles
    assert fitted_titles(titles, 14) == ["reference", "FPrune60", "FPrune60Stock", "Prune 0.1"]


def test_sparklines_share_a_scale_and_end_with_the_last_value() -> None:
    """Equal heights are equal values in all rows; long curves are thinned to the width."""
    assert sparkline([0.0, 0.5, 1.0], 8, (0.0, 1.0)) == "▁▅█"
    assert sparkline([0.9, 1.0], 8, (0.0, 1.0)) == "▇█"
    assert sparkline([0.0] * 99 + [1.0], 5, (0.0, 1.0)) == "▁▁▁▁█"
    assert sparkline([], 5, (0.0, 1.0)) == ""


def test_an_order_by_val_mixes_no_metrics() -> None:
    """AUROC 1 is no better than an accuracy of 77 %."""
    studies = (
        study_of(run_of("prune-0.1", val=0.7), name="cells"),
        study_of(run_of("prune-0.1", val=1.0, task="multi"), name="films"),
        study_of(run_of("prune-0.1", val=0.9), name="more-cells"),
        study_of(run_of("prune-0.1", val=0.8, task="multi"), name="more-films"),
    )
    names = [study.name for study in choose_studies(studies, "", "best val")]
    assert names in (
        ["more-cells", "cells", "films", "more-films"],
        ["films", "more-films", "more-cells", "cells"],
    )


def test_a_finished_run_is_never_told_as_so_far() -> None:
    """While its study is compared, its value on test is shown, not that on val."""
    told = run_details(run_of("prune-0.1", val=0.9), None, DARK).plain
    assert "comparing …" in told
    assert "so far" not in told


def test_the_events_of_a_study_are_those_of_all_its_runs() -> None:
    """Lines of logs that are read, and of saved runs when they ended; the newest is last."""
    done = replace(run_of("prune-0.5"), last_at=10.0, seconds=61.0)
    failed = replace(run_of("prune-0.2", status="failed"), last_at=20.0)
    study = study_of(done, failed, run_of("prune-0.1", status="running"))
    lines = tuple(StudyLine("prune-0.1", 30.0 + at, "info", f"cycle {at}") for at in range(5))
    study = replace(study, lines=lines)
    rows = log_rows(study, 60, 20, DARK).canvas().plain.splitlines()
    assert [row.split(maxsplit=2)[1:] for row in rows] == [
        ["A", "finished after 1 min 01 s"], ["B", "failed"],
        *(["C", f"cycle {at}"] for at in range(5)),
    ]  # fmt: skip
    assert "cycle 3" in log_rows(study, 60, 2, DARK).canvas().plain.splitlines()[0]
    assert "no event" in log_rows(study_of(), 60, 9, DARK).canvas().plain


def test_a_study_s_curves_are_those_of_its_compressions() -> None:
    """In the colours of the runs; a saved run's comes from what was compared."""
    live = replace(run_of("prune-0.1", status="running"), curve=(0.5, 0.75))
    study = study_of(run_of("reference"), live, run_of("prune-0.5"))
    saved = replace(outcome_of_run("prune-0.5", 0.9, 20.0), curve=(0.6, 0.7, 0.8))
    plot = study_curves(study, found(saved), "cells/prune-0.5")
    assert [series.points for series in plot.series] == [
        ((0, 50.0), (1, 75.0)), ((0, 60.0), (1, 70.0), (2, 80.0)),
    ]  # fmt: skip
    assert [series.is_lit for series in plot.series] == [False, True]
    assert plot.title == "Val accuracy, % by cycle"
    assert study_curves(study_of(run_of("prune-0.5")), None).empty == "comparing runs …"
    assert study_curves(study_of(run_of("prune-0.5")), found()).empty == "no curve was recorded"


def test_a_study_s_curves_end_with_the_fine_tuned_models() -> None:
    """Behind all cycles, joined with none; a model that is one of its cycles has no place there."""
    tuned = replace(run_of("prune-0.1", val=0.95), cycle=1)
    same = replace(run_of("prune-0.5", val=0.75), cycle=1)
    study = study_of(tuned, same)
    saved = [replace(outcome_of_run(run.name, 0.9, 20.0), curve=(0.5, 0.75)) for run in study.runs]
    plot = study_curves(study, found(*saved))
    assert plot.x_names == ((2.0, "fine-tuned"),)
    assert plot.series[0].points[2:] == ((1.5, None), (2.0, 95.0))
    assert plot.series[1].points == ((0, 50.0), (1, 75.0))
    legend = legend_of(plot, ChartStyle(DARK)).plain
    assert legend == "fine-tuned:  A prune-0.1 95.0  cycle 1:  B prune-0.5 75.0"
    unfinished = study_of(replace(tuned, status="stopped", curve=(0.5, 0.75)))
    assert study_curves(unfinished, None).x_names == ()


def test_remembered_widths_outlive_a_damaged_file() -> None:
    """A file that cannot be read is as none, and is replaced."""
    assert read_widths() == {}
    remember_width("run-answer", 60)
    remember_width("home-runs-wide", 70)
    assert read_widths() == {"run-answer": 60, "home-runs-wide": 70}
    widths_path().write_text("{")
    assert read_widths() == {}
    remember_width("run-answer", 44)
    assert read_widths() == {"run-answer": 44}


def test_what_is_known_of_a_run_stays_in_its_lines() -> None:
    """A part without room is left out whole, so that no line wraps over the last one."""
    run = replace(run_of("prune-0.1"), bytes_packed=3_701_474, density=0.1)
    saved = replace(outcome_of_run("prune-0.1", 0.929, 3.53), smaller=12.1)
    told = run_details(run, found(saved), DARK, width=40).plain.splitlines()
    assert told[2] == f"sparse file 3.53 MiB · 12{TIMES} smaller"
    assert told[3].startswith("kept cycle 4")
    assert run_details(run, found(saved), DARK).plain.splitlines()[2].endswith("density 0.1")
