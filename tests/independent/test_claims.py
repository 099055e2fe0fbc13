"""What commands claim about numbers: no more than the patients, the data and the runs support.

Each test is a case in which an earlier version claimed too much. It is carried out by the command
line, on recorded runs whose predictions numpy wrote.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from medtui.analysis.split_result import measure_split
from medtui.metrics import all_metrics
from medtui.metrics.reliability import RECALIBRATION
from medtui.preset import dump_preset, load_preset
from medtui.runs.predictions import RunPredictions, SplitPredictions
from medtui.units import MINUS
from tests.helpers import drawn_patients
from tests.helpers.drawn_answers import answer, copy_of, edit_result, keep_rows, rewrite
from tests.helpers.earlier_version import Answer, call_medtui
from tests.helpers.paths import REPOSITORY

INTERVAL = rf"\[[-+{MINUS}]?[\d.]+, [-+{MINUS}]?[\d.]+\]"
"""A 95 % interval as tables show it: `[+0.5, +2.9]`."""

PRESETS = sorted((REPOSITORY / "presets").rglob("*.toml"))


def medtui(*arguments: str, runs_dir: Path) -> Answer:
    """Run a command on the studies of a folder."""
    return call_medtui(*arguments, "--runs-dir", str(runs_dir))


def report_of(study: Path, folder: Path) -> str:
    """Return a study's report as Markdown."""
    path = folder / "report.md"
    done = medtui("report", study.name, "-q", "-o", str(path), runs_dir=study.parent)
    assert done.code == 0, done.stderr
    return re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))


def compared(study: Path, run: str) -> dict:
    """Return a run's line of `runs compare --json`."""
    lines = medtui("runs", "compare", study.name, "--json", runs_dir=study.parent).objects
    return {each["run"]: each for each in lines}[f"{study.name}/{run}"]


def test_lc_that_brought_nothing_is_named(tmp_path: Path) -> None:
    """The kept cycle is 0, the directly compressed model: `show`, `compare` and the report say so.

    The answers of w and theta stand beside the distance of their weights.
    """
    study = copy_of(tmp_path / "runs", "cells")
    shown = medtui("runs", "show", "cells/prune-0.1", runs_dir=study.parent).stdout
    assert "L-C brought nothing: cycle 0, direct compression, was kept" in shown
    assert "constraint violation 0.67; val accuracy of w 50.0 %, theta 41.1 %" in shown
    header = medtui("runs", "compare", "cells", runs_dir=study.parent).stdout.splitlines()[0]
    assert "cycle kept" in header
    assert "L-C brought nothing" in report_of(study, tmp_path)


def test_a_comparison_of_two_data_sets_is_refused_with_the_reason(tmp_path: Path) -> None:
    """The images have the same names and classes, as in every MedMNIST file; labels differ."""
    here, there = (copy_of(tmp_path, name) for name in ("here", "there"))
    labels_N = np.arange(40) % 2
    for study, answers_N in ((here, labels_N), (there, labels_N)):
        answer(study, {"reference": answers_N, "prune-0.1": answers_N}, num_patients=20)
    for run in ("reference", "prune-0.1"):
        rewrite(there / run, labels=1 - labels_N)
    found = medtui("runs", "compare", "here", "--pin", "there/reference", runs_dir=tmp_path)
    assert not re.search(INTERVAL, found.stdout)
    assert "here/prune-0.1 cannot be compared with there/reference" in found.stderr
    assert "the labels of 40 of 40 test images" in found.stderr
    subgroups = medtui(
        "runs", "compare", "here", "--pin", "there/reference", "--subgroups", runs_dir=tmp_path
    )
    assert "cannot be compared" in subgroups.stderr
    assert "right to wrong" not in subgroups.stdout


def test_a_gain_whose_interval_crosses_the_margin_is_not_shown(tmp_path: Path) -> None:
    """The point estimate is above 0, a loss of more than 2 points is not excluded."""
    study = copy_of(tmp_path / "runs", "cells")
    labels_N = np.arange(120) % 2
    before_N, after_N = labels_N.copy(), labels_N.copy()
    before_N[:40:2] ^= 1  # 20 patients err before, 18 others after
    after_N[40:76:2] ^= 1
    answer(study, {"reference": before_N, "prune-0.1": after_N}, num_patients=60)
    found = compared(study, "prune-0.1")
    change = found["change"]["accuracy"]
    assert change["value"] == pytest.approx(2 / 120)
    assert change["low"] < -0.02 < change["value"] < change["high"]
    assert found["verdict"] == "not shown"
    shown = medtui("runs", "show", f"{study.name}/prune-0.1", runs_dir=study.parent).stdout
    assert "verdict   not shown, against a margin of 2 points" in shown
    report = report_of(study, tmp_path)
    assert "0 of 1 compared run is shown to be non-inferior" in report
    assert "lose no more" not in report


def test_a_group_of_two_images_has_no_interval_and_no_verdict(tmp_path: Path) -> None:
    """Whatever the two images of the oldest patients lost."""
    study = copy_of(tmp_path, "films", study="films")
    lines = (study / "reference" / "split.jsonl").read_text(encoding="utf-8").splitlines()
    ages = {each["name"]: each["subgroups"].get("age") for each in map(json.loads, lines)}
    with np.load(study / "reference" / "predictions.npz") as found:
        names = found["test_names"].tolist()
    oldest = [name for name in names if ages[name] == "80+"]
    is_kept = np.array([name not in oldest[2:] for name in names])
    for run in ("reference", "prune-0.05"):
        keep_rows(study / run, is_kept)
    rows = medtui("runs", "compare", "films", "--subgroups", "--json", runs_dir=tmp_path).objects
    (row,) = [
        each for each in rows
        if each.get("group") == "80+" and each["sheet"] == "Patient groups: films/prune-0.05"
    ]  # fmt: skip
    assert row["images"] == "2"
    assert row["change"].endswith(" [n < 9]")
    assert row["verdict"].startswith("too few: ")
    assert "80+ is worse" not in report_of(study, tmp_path)


@pytest.mark.parametrize(
    ("count", "of_each", "reason"),
    [
        (4, 2, "fewer than 10 images with, or without, Hernia"),
        (12, 12, "one patient alone has all images with, or without, Hernia"),
    ],
)
def test_a_mean_over_classes_has_no_interval_where_a_class_hardly_occurs(
    count: int, of_each: int, reason: str
) -> None:
    """Samples without its images, or without its patient, would be means over the other class."""
    rng = np.random.default_rng(0)
    labels_NK = np.stack([np.arange(480) % 2, np.arange(480) < count], axis=1).astype(np.int64)
    logits_NK = (labels_NK + rng.normal(0, 1, labels_NK.shape)).astype(np.float32)
    names = [f"{each}.png" for each in range(480)]
    patients = [f"P{each // of_each}" for each in range(480)]
    split = SplitPredictions(names, patients, labels_NK, logits_NK)
    found = measure_split(
        RunPredictions(("Mass", "Hernia"), {"val": split, "test": split}),
        "test", None, loss=0.3, resamples=20, seed=0,
    )  # fmt: skip
    assert {"auroc", "average_precision", "sensitivity"}.isdisjoint(found.intervals)
    assert found.no_interval["auroc"] == reason
    assert "accuracy" in found.intervals


def test_images_of_unknown_patients_are_not_called_patients(tmp_path: Path) -> None:
    """Each image stands for itself; there is no number of patients, in words or JSON."""
    study = copy_of(tmp_path / "runs", "cells")
    labels_N = np.arange(200) % 2
    after_N = np.where(np.arange(200) < 30, 1 - labels_N, labels_N)
    answer(study, {"reference": labels_N, "prune-0.1": after_N}, num_patients=20)
    for run in ("reference", "prune-0.1"):
        rewrite(study / run, patients=[f"{number:04d}.png" for number in range(200)])
        edit_result(study / run, num_patients=0)
    subgroups = medtui("runs", "compare", "cells", "--subgroups", runs_dir=study.parent).stdout
    for text in (subgroups, report_of(study, tmp_path)):
        assert "200 patients" not in text
        assert "200 test images of unknown patients" in text


@pytest.fixture(scope="module")
def of_one_patient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study, carried out from a preset, whose test split has one patient."""
    folder = tmp_path_factory.mktemp("one-patient")
    with patch.dict(drawn_patients.PATIENTS, {"train": 6, "val": 6, "test": 1}):
        preset = drawn_patients.write_cells(folder / "cells")
    settings = [
        'compress.schemes=["Prune"]', "compress.control=false", "reference.epochs=1",
        "lc.cycles=2", "lc.steps=1", "guard.finetune_epochs=0",
    ]  # fmt: skip
    small = folder / "small.toml"
    small.write_text(dump_preset(load_preset(str(preset), settings)), encoding="utf-8")
    command = [sys.executable, "-m", "tests.helpers.study_in_one_process", str(folder / "runs")]
    done = subprocess.run(
        [*command, str(small)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "cells2"


def test_one_patient_shows_nothing(of_one_patient: Path, tmp_path: Path) -> None:
    """No interval and no verdict, in the result and on every table; sentences say why."""
    study, runs_dir = of_one_patient, of_one_patient.parent
    result = json.loads((study / "prune-0.9" / "result.json").read_text(encoding="utf-8"))["test"]
    assert (result["num_patients"], result["num_effective"]) == (1, 1)
    assert not result["intervals"]
    assert result["no_interval"]["accuracy"] == "12 patients are needed, there are 1"
    shown = medtui("runs", "show", "cells2/prune-0.9", runs_dir=runs_dir).stdout
    assert "verdict   not shown, too few: 1 patient, against a margin of 5 points" in shown
    assert "1 test patient (effective number 1.0); which margin" in shown
    found = compared(study, "prune-0.9")
    assert found["verdict"] == "not shown"
    change = found["change"]["accuracy"]
    assert (change["low"], change["high"], change["detectable"]) == (None, None, None)
    assert change["reason"] == "1 patient, fewer than 9"
    table = medtui("runs", "compare", "cells2", runs_dir=runs_dir).stdout
    assert "[n < 9]" in table
    assert "not shown, too few: 1 patient" in table
    report = report_of(study, tmp_path)
    assert "0 of 1 compared run is shown to be non-inferior" in report
    of_patients = shown.partition("[95 %, Wilson]")[0]  # those of the curve are over images
    for text in (of_patients, table, report):
        assert "1 patients" not in text
        assert not re.search(INTERVAL, text)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_a_preset_promises_no_accuracy(preset: Path) -> None:
    """Percentages in its comments are those that the published study reports."""
    comments = [
        line.strip(" #") for line in preset.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith("#")
    ]  # fmt: skip
    for sentence in re.split(r"(?<=[.:])\s+(?=[A-Z\"])", " ".join(comments)):
        if re.search(r"\d %", sentence):
            assert re.search(r"\bstudy\b", sentence), sentence


def test_the_reference_states_the_fewest_patients_of_each_metric() -> None:
    """The table of `numbers.md` and the registry agree."""
    page = (REPOSITORY / "docs" / "reference" / "numbers.md").read_text(encoding="utf-8")
    table = page.split("With the jackknife an interval needs")[1].split("\n\n")[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    stated = {
        label.casefold(): (int(one), int(several), int(of_several or 0))
        for names, one, several, of_several in rows[2:]
        for label in names.split(", ")
    }
    for metric in all_metrics():
        if metric.has_interval:
            several = metric.min_patients_class_mean if metric.is_class_mean else 0
            of_several = metric.min_patients_of_several if metric.is_per_class else 0
            needed = metric.min_patients, max(several, metric.min_patients), of_several
            assert stated.pop(metric.label.casefold()) == needed
    assert not stated
    fewest = RECALIBRATION.min_patients, RECALIBRATION.min_patients_of_several
    assert "{} patients, of one class of several {}".format(*fewest) in page
