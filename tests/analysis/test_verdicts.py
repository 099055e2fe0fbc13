"""Verdicts: three states against a margin, Holm over classes and groups, minimum numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.verdict_simulation import Setting, judge_study, simulate
from medtui.analysis.columns import columns_named
from medtui.analysis.differences import differences
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records
from medtui.analysis.run_tables import runs_table
from medtui.analysis.subgroup_analysis import SubgroupAnalysis, analyse_subgroups
from medtui.analysis.subgroup_tables import changed_answers_table, class_changes_table
from medtui.analysis.verdicts import JudgedChange, judge, judge_together
from medtui.metrics import primary_metric
from medtui.metrics.intervals import Difference
from medtui.metrics.shortage import MIN_POSITIVES
from medtui.preset import Preset, parse_preset
from medtui.preset.measuring import DEFAULT_MARGIN
from medtui.runs.folder import StudyFolder
from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
    read_predictions,
)
from tests.helpers.altered_runs import copy_recorded

ACCURACY = primary_metric("single")

MANY = tuple(f"p{number}" for number in range(60))


def _change(value: float, reach: float, *, shortage: str = "") -> JudgedChange:
    difference = Difference(value, value - reach, value + reach, reach / 1.96)
    return JudgedChange(difference, MANY, MANY, shortage)


def _difference(low: float, high: float) -> Difference | None:
    return _change((low + high) / 2, (high - low) / 2).difference


@pytest.mark.parametrize(
    ("low", "high", "text", "holds"),
    [
        (-0.01, 0.03, "non-inferior", True),
        (-0.073, 0.203, "not shown", False),
        (-0.015, -0.002, "worse, within the margin", True),
        (-0.05, -0.01, "worse, perhaps beyond the margin", False),
        (-0.05, -0.03, "worse, beyond the margin", False),
    ],
)
def test_the_interval_decides_and_not_the_point(
    low: float, high: float, text: str, *, holds: bool
) -> None:
    """A gain of 6.7 points whose interval reaches to a loss of 7.3 shows nothing."""
    verdict = judge(_difference(low, high), 0.02)
    assert (verdict.text, verdict.holds) == (text, holds)


def test_too_few_patients_show_nothing() -> None:
    """Whatever the interval is: that of one patient has no width."""
    verdict = judge(_difference(0.66, 0.66), 0.02, shortage="1 patient")
    assert (verdict.state, verdict.text) == ("not shown", "not shown, too few: 1 patient")


def test_one_of_fifteen_intervals_below_zero_is_no_finding() -> None:
    """By Holm's method a loss that chance explains is not shown; a clear one stays."""
    chance, clear = _change(-0.05, 0.045), _change(-0.05, 0.02)
    others = [_change(0.001, 0.03) for _ in range(14)]
    assert judge_together([chance], 0.02)[0].state == "worse"
    assert judge_together([chance, *others], 0.02)[0].state == "not shown"
    assert judge_together([clear, *others], 0.02)[0].state == "worse"


def test_classes_without_a_loss_are_seldom_called_worse() -> None:
    """In 20 studies of the 15 labels of ChestX-ray14, of 99 patients and networks of equal merit.

    One study in twenty may name a class; four of them would be luck in one case of sixty.
    """
    rng = np.random.default_rng(0)
    found = [judge_study(simulate(Setting("films", "multi", 99), rng, 0.0)) for _ in range(20)]
    assert sum("worse" in study.states for study in found) <= 3
    for study in found:
        is_rare = [count < MIN_POSITIVES for count in study.positives]
        assert [state == "not judged" for state in study.states] == is_rare


def test_what_is_not_judged_does_not_count_for_others() -> None:
    """Fourteen classes of two positives do not weaken the verdict on the fifteenth."""
    few = [_change(-0.4, 0.3, shortage="2 positives") for _ in range(14)]
    found = judge_together([*few, _change(-0.05, 0.045)], 0.02)
    assert {verdict.text for verdict in found[:14]} == {"too few: 2 positives"}
    assert {verdict.state for verdict in found[:14]} == {"not judged"}
    assert found[14].state == "worse"


def test_few_patients_with_the_class_need_more_evidence() -> None:
    """The p-value has the degrees of freedom of the patients with the class."""
    change = _change(-0.05, 0.03)
    rare = replace(change, rarest=("p1", "p2", "p3"))
    others = [_change(0.001, 0.03) for _ in range(5)]
    assert judge_together([change, *others], 0.02)[0].state == "worse"
    assert judge_together([rare, *others], 0.02)[0].state == "not shown"


def _study(
    tmp_path: Path, *, lost: int, positives: int = 40, patients: int = 60, gained: int = 0
) -> SubgroupAnalysis:
    """Return the analysis of a run that misses `lost` positives that its reference found."""
    study = copy_recorded(tmp_path, "cells")
    names = [f"{number}.png" for number in range(200)]
    people = [f"patient {number % patients}" for number in range(200)]
    labels = np.array([1] * positives + [0] * (200 - positives))
    before, after = labels.copy(), labels.copy()
    before[positives : positives + gained] = 1
    after[:lost] = 0
    classes = read_predictions(study.reference.predictions).classes
    for run, answers in ((study.reference, before), (study.run("prune-0.1"), after)):
        logits = np.eye(2, dtype=np.float32)[answers] * 4
        part = SplitPredictions(names, people, labels, logits)
        found = RunPredictions(classes, {"val": part, "test": part})
        run.predictions.write_bytes(pack_predictions(found))
    entries = _read(study)
    return analyse_subgroups(entries["reference"], entries["prune-0.1"])


def _read(study: StudyFolder) -> dict[str, RunRecord]:
    entries, problems = read_run_records(all_runs(study.path.parent))
    assert not problems
    return {entry.folder.name: entry for entry in entries}


def test_a_class_is_judged_where_the_mean_falls(tmp_path: Path) -> None:
    """The overall loss of 10 points does not hide that one class loses half."""
    analysis = _study(tmp_path, lost=20)
    assert analysis.verdict.state == "worse"
    rarest, other = analysis.classes
    assert rarest.verdict.state == "worse"
    assert other.verdict.text == "not shown, no change in too few patients"
    table = class_changes_table(analysis)
    assert table.marks == ("worse", "")
    assert table.rows[0][-1].startswith("✗ worse")
    assert analysis.named("worse") == [rarest.name]
    assert "worse" in changed_answers_table([analysis]).rows[0][-1]


def test_a_class_of_few_positives_is_not_judged(tmp_path: Path) -> None:
    """Nine positives, of which none is found any more, are too few."""
    analysis = _study(tmp_path, lost=9, positives=9)
    rarest = analysis.classes[0]
    assert (rarest.verdict.state, rarest.verdict.text) == ("not judged", "too few: 9 positives")


def test_few_patients_are_not_judged(tmp_path: Path) -> None:
    """200 images of 6 patients show nothing, as a whole and by class."""
    analysis = _study(tmp_path, lost=20, patients=6)
    assert analysis.verdict.text == "not shown, too few: 6 patients"
    assert {each.verdict.text for each in analysis.classes} == {"too few: 6 patients"}


def test_the_preset_states_the_margin(tmp_path: Path) -> None:
    """0.02 where it states none; verdicts follow it."""
    assert Preset.model_fields["evaluate"].default.margin == DEFAULT_MARGIN == 0.02
    study = copy_recorded(tmp_path, "cells")
    run = study.run("prune-0.1")
    text = run.preset.read_text()
    run.preset.write_text(text.replace("[evaluate]\n", "[evaluate]\nmargin = 0.3\n"))
    entries = _read(study)
    assert (entries["prune-0.1"].margin, entries["reference"].margin) == (0.3, 0.02)
    analysis = analyse_subgroups(entries["reference"], entries["prune-0.1"])
    assert analysis.margin == 0.3
    assert "a loss of 30 points" in changed_answers_table([analysis]).note
    parse_preset(run.preset.read_text(), "preset")


def test_differences_have_the_same_verdict_as_the_analysis(tmp_path: Path) -> None:
    """`runs compare`, the report and the subgroup analysis agree."""
    analysis = _study(tmp_path, lost=20)
    entries = _read(StudyFolder(tmp_path / "cells"))
    found = differences(entries["reference"], entries["prune-0.1"])
    assert found.verdict(primary_metric("single"), 0.02) == analysis.verdict


def test_val_is_marked_as_used_for_selection(tmp_path: Path) -> None:
    """In headers for people; the keys of CSV and JSON stay."""
    entries = list(_read(copy_recorded(tmp_path, "cells")).values())
    table = runs_table(entries, columns_named("run,val_accuracy,accuracy"))
    assert table.shown == ("run", "val accuracy (used for selection)", "test accuracy")
    assert table.headers == ("run", "val accuracy", "test accuracy")
