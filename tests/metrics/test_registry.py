"""A metric is one row: what a row alone brings about, everywhere that metrics are shown."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from typer.testing import CliRunner

from medtui.analysis.columns import columns_named
from medtui.analysis.differences import differences_of_all
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records
from medtui.analysis.run_tables import classes_table, runs_table
from medtui.analysis.split_result import measure_split
from medtui.cli.runs.group import app
from medtui.cli.show.run_details import describe_run
from medtui.metrics import (
    Metric,
    all_metrics,
    class_metric,
    metric_named,
    primary_metric,
    registry,
    reported_metrics,
)
from medtui.metrics.arrays import Floats
from medtui.metrics.draws import Draws
from medtui.metrics.scores import Scores
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.view_of_run import _metrics_of
from medtui.preset.searching import SearchMetric
from medtui.runs.folder import StudyFolder
from medtui.runs.predictions import read_predictions
from medtui.runs.result import read_result, write_result
from medtui.units import MINUS

RECORDED = Path(__file__).resolve().parents[1] / "recorded"


def _sureness(scores: Scores) -> float:
    return float((scores.scores_NK.max(axis=1) > 0.9).mean())


def _sampled_sureness(scores: Scores, draws: Draws) -> Floats:
    is_sure = scores.scores_NK.max(axis=1) > 0.9
    return draws.total(is_sure) / draws.total(is_sure | True)


TOY = Metric(
    "sureness", "toy sureness", ("single", "multi"), _sureness, _sampled_sureness,
    has_interval=True, is_per_class=True, min_patients=2, min_patients_paired=2,
)  # fmt: skip


@pytest.fixture
def runs_dir(tmp_path, monkeypatch) -> Path:
    """Return recorded runs measured anew with a registry that has one more row."""
    monkeypatch.setattr(registry, "METRICS", (*registry.METRICS, TOY))
    for study in ("cells", "films"):
        shutil.copytree(RECORDED / study, tmp_path / study)
    for run in all_runs(tmp_path):
        result, predictions = read_result(run), read_predictions(run.predictions)
        reference = None if run.is_reference else read_predictions(run.study.reference.predictions)
        val, test = (
            measure_split(predictions, split, reference, loss=0.1, resamples=20, seed=0)
            for split in ("val", "test")
        )
        write_result(run, msgspec.structs.replace(result, val=val, test=test))
    return tmp_path


@pytest.fixture
def entries(runs_dir) -> list[RunRecord]:
    """Return the cells' runs."""
    return read_run_records(run for run in all_runs(runs_dir) if run.study.name == "cells")[0]


def test_a_row_is_enough_for_results(entries):
    """A result has its value, its interval, its value for each class, and the reference's."""
    test = next(entry for entry in entries if entry.folder.name == "prune-0.1").result.test
    low, high = test.intervals["sureness"]
    assert low <= test.metrics["sureness"] <= high
    assert all("sureness" in metrics for metrics in test.per_class.values())
    assert "sureness" in test.reference


def test_a_row_is_enough_for_comparisons(entries):
    """There is a column on test and on val, with a paired change, and a table of classes."""
    found, _ = differences_of_all(entries, None)
    assert all("sureness" in each.by_metric for each in found.values())
    sheet = runs_table(entries, columns_named("run,sureness,val_sureness"), found)
    headers = ("run", "test toy sureness", "change of toy sureness", "val toy sureness")
    assert sheet.headers == headers
    compressed = next(row for row in sheet.rows if row[0].endswith("prune-0.1"))
    assert compressed[1].endswith(" %")
    assert compressed[2].endswith("]")
    assert classes_table(entries, TOY).title == "toy sureness by class, test"


def test_a_row_is_enough_for_the_command_line(runs_dir):
    """`runs show` has it with its interval and among the classes' metrics; `compare` changes."""
    study = StudyFeed(StudyFolder(runs_dir / "cells"))
    study.refresh()
    run = next(each for each in study.runs if each.folder.name == "prune-0.1")
    text = describe_run(study, run)
    (row,) = [line for line in text.splitlines() if line.startswith("toy sureness")]
    assert row.count("[") == 2
    (headers,) = [line for line in text.splitlines() if line.startswith("class, on test")]
    assert "toy sureness" in headers
    asked = ["compare", "cells", "--columns", "run,sureness", "--runs-dir", str(runs_dir)]
    shown = CliRunner().invoke(app, asked)
    assert "change of toy sureness" in shown.stdout.splitlines()[0]


def test_a_row_is_enough_for_the_screen(entries):
    """The Run screen's list of metrics has it, val and reference beside it."""
    rows = {row.metric.label: row for row in _metrics_of(entries[-1].result, None)}
    assert rows["toy sureness"].reference is not None


def test_the_preset_names_the_metrics_that_can_be_searched_by():
    """The schema's literals are the searchable rows, each with a form that gives its error."""
    searchable = [metric for metric in all_metrics() if metric.is_searchable]
    assert {metric.name for metric in searchable} == set(get_args(SearchMetric))
    assert all(metric.resample and metric.tasks == ("single", "multi") for metric in searchable)


@pytest.mark.parametrize("task", ["single", "multi"])
def test_the_metrics_that_decide_are_reported_with_interval_and_change(task):
    """What a study or a class is judged by can be compared."""
    for metric in (primary_metric(task), class_metric(task)):
        assert metric in reported_metrics(task)
        assert metric.has_interval
        assert metric.resample
    assert class_metric(task).is_per_class


def test_numbers_are_shown_with_unit_interval_and_sign():
    """Shares in percent and points, areas as they are; what rounds to zero keeps its sign."""
    accuracy, auroc = metric_named("accuracy"), metric_named("auroc")
    assert accuracy.show_interval(0.958, (0.941, 0.972)) == "95.8 % [94.1, 97.2]"
    assert auroc.show_interval(0.991, None) == "0.991"
    assert accuracy.show_interval(None, None, missing="undefined") == "undefined"
    assert (accuracy.show_change(-0.021), auroc.show_change(0.0021)) == (f"{MINUS}2.1", "+0.002")
    assert accuracy.show_change(-0.0001) == f"{MINUS}0.0"
    assert [accuracy.show_change(each) for each in (0.0001, 0.0, -0.0, 0.3 - 0.1 - 0.2)] == [
        "+0.0"
    ] * 4
    assert accuracy.show_change(None) == ""
    assert (accuracy.show_amount(0.02), auroc.show_amount(0.02)) == ("2 points", "0.02")
    assert (accuracy.scale(0.5), auroc.scale(0.5), auroc.scale(None)) == (50, 0.5, None)


def test_naming_a_metric_loads_no_numpy():
    """Lists and screens that only show numbers start without it."""
    code = (
        "import sys, medtui.metrics as metrics\n"
        "print(metrics.primary_metric('multi').label, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "AUROC False\n"
