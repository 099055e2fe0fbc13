"""The one number that a study is judged by is the same wherever one is shown."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from medtui.analysis.column_choice import usual_columns
from medtui.analysis.run_record import read_run_records
from medtui.analysis.subgroup_analysis import analyse_subgroups
from medtui.charts.figures.by_category import averages
from medtui.charts.figures.data import FigureData, chart_runs
from medtui.cli.runs.group import app
from medtui.cli.show.listing import describe_study, runs_table
from medtui.cli.show.progress import describe_cycle, describe_outcome
from medtui.events import CycleEnded
from medtui.metrics import infer_task
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_study import summarise_study
from medtui.reporting.contents import gather
from medtui.runs.folder import StudyFolder
from medtui.runs.log.history import History
from medtui.runs.log.record import Record
from medtui.runs.result import read_result, write_result

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
TASKS = {"cells": "single", "films": "multi"}
LABELS = {"cells": "accuracy", "films": "AUROC"}
NAMES = {"cells": "accuracy", "films": "auroc"}


@pytest.fixture
def studies(tmp_path) -> dict[str, StudyFeed]:
    """Return a study of cells and one of films, of a version that did not write the task."""
    for study in TASKS:
        shutil.copytree(RECORDED / study, tmp_path / study)
        assert '"task"' not in (tmp_path / study / "reference" / "result.json").read_text()
    found = {name: StudyFeed(StudyFolder(tmp_path / name)) for name in TASKS}
    for study in found.values():
        study.refresh()
    return found


def _run(study: StudyFeed) -> RunFeed:
    return (
        next(run for run in study.runs if run.folder.name == "prune-0.5")
        if (study.folder.name == "films")
        else next(run for run in study.runs if run.folder.name == "prune-0.1")
    )


@pytest.mark.parametrize("name", TASKS)
def test_results_know_their_task(studies, name, tmp_path):
    """It is inferred where an older file does not say it, and written from then on."""
    run = _run(studies[name]).folder
    result = read_result(run)
    assert result.task == TASKS[name]
    write_result(run, result)
    assert json.loads(run.result.read_text())["task"] == TASKS[name]
    assert read_result(run) == result


@pytest.mark.parametrize("name", TASKS)
def test_the_list_the_study_and_the_lines_show_the_primary_metric(studies, name):
    """`runs list`, `runs show` and the lines of a followed study name it and have its value."""
    study, label = studies[name], LABELS[name]
    run = _run(study)
    test = run.result.test.metrics[NAMES[name]]
    shown = f"{test * 100:.1f} %" if name == "cells" else f"{test:.3g}"
    key = f"{name}/{run.folder.name}"
    lines = runs_table(summarise_study(study).runs).splitlines()
    (row,) = [line for line in lines if line.startswith(f"{key} ")]
    assert label in row
    assert shown in row
    assert f"val {label}" in describe_study(study)
    assert f"test {label} {shown}" in describe_outcome(run)
    assert f": val {label} " in describe_cycle(run, "compress")


def test_the_command_line_ranks_films_as_the_screens_do(studies):
    """By AUROC prune-0.5 is below its reference, whatever the accuracy over pairs."""
    study = studies["films"]
    row = summarise_study(study)
    reference, pruned = row.runs[0], next(run for run in row.runs if run.name == "prune-0.5")
    assert pruned.headline.name == "auroc"
    assert pruned.test < reference.test
    by_accuracy = [
        run.result.test.metrics["accuracy"] for run in (_run(study), study.reference)
    ]  # fmt: skip
    assert by_accuracy[0] > by_accuracy[1]
    for shown in (pruned, reference):
        assert shown.headline.show(shown.test) in runs_table(row.runs)


@pytest.mark.parametrize("name", TASKS)
def test_screens_comparisons_and_reports_ask_the_same(studies, name):
    """Home's row, the first metric of a comparison, the analysis's mean and a report's headline."""
    study = studies[name]
    assert {run.headline.name for run in summarise_study(study).runs} == {NAMES[name]}
    entries, _ = read_run_records(run.folder for run in study.runs)
    shown = [column.metric.name for column in usual_columns(entries) if column.metric]
    assert shown[0] == NAMES[name]
    analysis = analyse_subgroups(entries[0], entries[1])
    assert analysis.overall.metric.name == NAMES[name]
    first = averages(FigureData(chart_runs(entries)))[0]
    assert first.title.partition(",")[0] == f"test {LABELS[name]}"
    (contents,) = gather([study.folder], lambda _: None)
    assert contents.headline.name == NAMES[name]


@pytest.mark.parametrize("verb", [["list"], ["compare"], ["show", "films"]])
def test_objects_for_programs_say_task_and_primary_metric(studies, verb):
    """Beside all fields that they had."""
    asked = [*verb, "--json", "--runs-dir", str(studies["cells"].folder.path.parent)]
    done = CliRunner().invoke(app, asked)
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert objects
    for each in objects:
        name = each.get("study") or each["run"].partition("/")[0]
        assert (each["task"], each["primary_metric"]) == (TASKS[name], NAMES[name])


def test_a_live_run_is_judged_by_what_it_measured():
    """A diverged cycle has no metrics, and says nothing about the task."""
    history = History()
    assert history.task is None
    measured = {"loss": 0.2, "accuracy": 0.9, "exact_match": 0.5, "auroc": 0.7}
    history.add(Record(0, 0.0, CycleEnded(0, val=measured)))
    history.add(Record(1, 1.0, CycleEnded(1, val={"loss": None})))
    assert history.task == "multi"
    assert infer_task({"loss": 0.1, "accuracy": 0.5}) == "single"
