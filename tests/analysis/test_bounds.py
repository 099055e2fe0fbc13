"""Intervals of changes that no patient alters are bounds, which is said wherever they stand."""

from pathlib import Path

import numpy as np
import pytest

from medtui.analysis.bounds import describe_bounds
from medtui.analysis.columns import columns_named
from medtui.analysis.differences import differences_of_all
from medtui.analysis.group_tables import groups_table
from medtui.analysis.groups import group_runs
from medtui.analysis.run_record import read_run_records
from medtui.analysis.run_tables import runs_table
from medtui.analysis.subgroup_analysis import analyse_subgroups
from medtui.analysis.subgroup_tables import changed_answers_table, class_changes_table
from medtui.charts.palette import DARK
from medtui.cli.show.changes import describe_verdict
from medtui.metrics import metric_named
from medtui.metrics.intervals import Difference
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.folder import StudyFolder
from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
    read_predictions,
)
from medtui.tui.compare.forest_notes import forest_notes
from medtui.tui.compare.subgroup_text import draw_groups
from medtui.tui.run.answer import answer_of
from medtui.tui.run.answer_pane import answer_sheet
from medtui.tui.run.details import compare_run
from medtui.tui.run.layout_rows import BRIEF_ROWS, FINISHED_ROWS, brief_rows
from tests.helpers.altered_runs import copy_recorded

MEANING = "whichever patient is left out; the number of patients alone sets the interval"
NUM_IMAGES, NUM_PATIENTS, POSITIVES = 200, 40, 80


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Return a study whose compressed run misses positives of some patients, and nothing else."""
    return answering(tmp_path_factory.mktemp("lost"), lost=range(0, POSITIVES, 3))


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Return a study whose compressed run answers as the reference does."""
    return answering(tmp_path_factory.mktemp("same"), lost=range(0))


def answering(folder: Path, *, lost: range) -> StudyFolder:
    """Return the recorded cells with other predictions: all right but those `lost`."""
    study = copy_recorded(folder, "cells")
    names = [f"{number}.png" for number in range(NUM_IMAGES)]
    people = [f"patient {number % NUM_PATIENTS}" for number in range(NUM_IMAGES)]
    labels = np.array([1] * POSITIVES + [0] * (NUM_IMAGES - POSITIVES))
    classes = read_predictions(study.reference.predictions).classes
    after = labels.copy()
    after[list(lost)] = 0
    for run, answers in ((study.reference, labels), (study.run("prune-0.1"), after)):
        logits = np.eye(2, dtype=np.float32)[answers] * 4
        part = SplitPredictions(names, people, labels, logits)
        found = RunPredictions(classes, {"val": part, "test": part})
        run.predictions.write_bytes(pack_predictions(found))
    return study


def test_changes_are_named_with_what_their_intervals_are() -> None:
    """None is unchanged, another one the same; with a spread or without an interval no name."""
    bound = Difference(0.0, -0.1, 0.1, 0.0, is_constant=True)
    moved = Difference(0.2, 0.1, 0.3, 0.0, is_constant=True)
    spread = Difference(0.0, -0.1, 0.1, 0.05)
    lacking = Difference(0.0, float("nan"), float("nan"), 0.0, is_constant=True)
    changes = [("specificity", bound), ("F1", spread), ("AUROC", lacking), ("", None)]
    assert describe_bounds(changes) == f"specificity: unchanged {MEANING}."
    both = describe_bounds([*changes, ("accuracy", moved)])
    assert both == f"specificity: unchanged {MEANING}. accuracy: the same {MEANING}."
    of_images = describe_bounds(changes, unit="image")
    assert of_images == f"specificity: unchanged {MEANING}.".replace("patient", "image")
    assert describe_bounds([("F1", spread)]) == ""


def test_tables_of_runs_and_groups_say_it_of_the_metrics_that_they_show(study: StudyFolder) -> None:
    """Specificity is unchanged, accuracy has a spread."""
    entries, _ = read_run_records([study.reference, study.run("prune-0.1")])
    found, _ = differences_of_all(entries, None)
    named = columns_named("run accuracy specificity")
    for table in (
        runs_table(entries, named, found),
        groups_table(group_runs(entries, ["scheme", "density"]), named, found),
    ):
        assert f"unchanged {MEANING}" in table.note
        assert "specificity of" in table.note
        assert "accuracy of" not in table.note.partition("specificity of")[2]
    alone = runs_table(entries, columns_named("run accuracy"), found)
    assert MEANING not in alone.note


def test_tables_and_the_tab_of_subgroups_say_it_of_classes(study: StudyFolder) -> None:
    """The class without a change is named, the other one is not."""
    entries, _ = read_run_records([study.reference, study.run("prune-0.1")])
    analysis = analyse_subgroups(*entries)
    lost, kept = (each.name for each in analysis.classes)
    note = class_changes_table(analysis).note
    assert f"sensitivity of {kept}: unchanged {MEANING}" in note
    assert f"sensitivity of {lost}" not in note
    assert MEANING not in changed_answers_table([analysis]).note
    for width in (76, 116):
        text = draw_groups(analysis, width, DARK).plain
        assert MEANING in " ".join(text.split())
        assert max(map(len, text.splitlines())) <= width


def test_a_run_without_any_change_says_so_where_its_verdict_is(same: StudyFolder) -> None:
    """On the command line, below the forest of Compare and in its tables."""
    feed = StudyFeed(same)
    feed.refresh()
    run = next(each for each in feed.runs if each.folder.name == "prune-0.1")
    said = "\n".join(describe_verdict(feed, run))
    assert "not shown, no change in too few patients" in said
    assert f"accuracy of prune-0.1: unchanged {MEANING}." in said
    entries, _ = read_run_records([same.reference, same.run("prune-0.1")])
    found, _ = differences_of_all(entries, None)
    notes = forest_notes(found, metric_named("accuracy"), DARK, is_judged=True)
    assert f"accuracy of prune-0.1: unchanged {MEANING}." in notes.plain
    assert MEANING in changed_answers_table([analyse_subgroups(*entries)]).note


def test_run_marks_such_intervals_and_explains_the_mark(study: StudyFolder) -> None:
    """In its pane and in a small terminal, on no more rows than there are."""
    view = FolderReader(study.path.parent).read("cells/prune-0.1", refresh_all=True).view
    assert view is not None
    found = compare_run(study.run("prune-0.1"))
    answer = answer_of(view, found)
    brief = brief_rows(view, answer, found, 80, DARK, rows=BRIEF_ROWS, is_ascii=False)
    panes = [answer_sheet(view, answer, (50, height), DARK).canvas() for height in (20, 30)]
    for canvas in (brief, *panes):
        lines = canvas.plain.splitlines()
        (marked,) = (line for line in lines if "]*" in line)
        assert marked.strip().startswith("specificity")
        # Patients stand beside the metrics of a small terminal.
        words = " ".join(line[:60] for line in lines).split()
        assert f"* unchanged {MEANING}" in " ".join(words)
        assert "sensitivity" in canvas.plain
    assert brief.height <= FINISHED_ROWS
