"""What `runs compare`, `runs show` and `runs list` print is recomputed, without medtui."""

import math
from pathlib import Path

import pytest

from tests.helpers.earlier_version import call_medtui
from tests.helpers.recomputed import sheets
from tests.helpers.recomputed.answers import answers_of
from tests.helpers.recomputed.comparison import (
    changes_of,
    margin_of,
    overall_verdict,
    primary_of,
)
from tests.helpers.recomputed.intervals import Interval, effective_number
from tests.helpers.recomputed.metrics import metric
from tests.helpers.recomputed.printed import density_of, sizes
from tests.helpers.recomputed.result_numbers import differing, flatten
from tests.helpers.recomputed.run_files import RunFiles

STUDIES = ("cells2", "films3", "films", "cells")


@pytest.mark.parametrize("name", STUDIES)
def test_json_of_a_comparison_is_recomputed(name, study_folder):
    """Metrics, changes against control and reference with intervals, margins and verdicts."""
    study = study_folder(name)
    for found in objects("runs", "compare", name, study=study):
        run = RunFiles(study / found["run"].partition("/")[2])
        expected = dict(flatten(compared_object(run)))
        assert not differing(dict(flatten(found)), expected), run.key
        assert (found.get("baseline"), found.get("control")) == baselines(run)
        if run.baseline is not None:
            state, detail = overall_verdict(run.baseline, run)
            assert (found["verdict"], found["detail"]) == (state, detail)


@pytest.mark.parametrize("name", ["cells2", "films3"])
def test_json_of_a_run_is_its_result_with_recomputed_changes(name, study_folder):
    """`runs show --json` adds to the result the changes against the control alone."""
    study = study_folder(name)
    for found in objects("runs", "show", name, study=study):
        run = RunFiles(study / found["run"])
        assert not differing(dict(flatten(found.pop("result"))), dict(flatten(run.result)))
        best = found["best"]["cycle"]
        kept = [each for each in run.cycles(stage_of(run)) if each["cycle"] == best]
        stated = {each: value for each, value in found.pop("best").items() if each in kept[0]}
        assert not differing(dict(flatten(stated)), dict(flatten(kept[0])))
        changes = found.pop("change_control", {})
        expected = changed(run.control, run) if run.control else {}
        assert not differing(dict(flatten(changes)), dict(flatten(expected)))
        if run.baseline is not None:
            assert found.pop("margin") == margin_of(run)
            patients = answers_of(run, "test").patients
            assert found.pop("num_effective") == pytest.approx(effective_number(patients))
        assert found.pop("density") == run.result["density"]
        assert found.pop("seed") in {run.result["seed"], None}
        del found["progress"]  # of a run that has ended
        assert found.pop("is_copy") is False
        assert not [place for place, value in flatten(found) if value is not None]


@pytest.mark.parametrize("name", ["cells2", "films3"])
def test_tables_of_a_comparison_are_recomputed(name, study_folder):
    """Classes, groups, all patients and images, as JSON, in the report's words."""
    study = study_folder(name)
    options = ("--subgroups", "--patients", "--classes")
    found: dict[str, list[list[str]]] = {}
    for row in objects("runs", "compare", name, *options, study=study):
        title = row.pop("sheet")
        del row["mark"]
        row.pop("positive_class", None)
        if title.startswith("Classes"):  # of several changes the first, as earlier versions had it
            assert row.pop("change") == list(row.values())[3]
        found.setdefault(title, []).append(list(row.values()))
    runs = [RunFiles(study / each["run"]) for each in objects("runs", "show", name, study=study)]
    by_class = "auroc" if primary_of(runs[0]) == "auroc" else "sensitivity"
    expected = {
        "Changed predictions": sheets.changed_predictions(runs),
        "Calibration error": sheets.calibration_errors(runs),
        f"{sheets.LABELS[by_class]} by class, test": sheets.metric_by_class(runs, by_class),
    }
    for run in sheets.compared(runs):
        worst, everyone = sheets.patients_of(run, sheets.NUM_WORST), sheets.patients_of(run)
        expected |= {
            f"Classes, rarest first: {run.key}": sheets.class_changes(run),
            f"Calibration by class: {run.key}": sheets.class_calibrations(run),
            f"Patient groups: {run.key}": sheets.group_changes(run),
            f"Patients, largest loss first: {run.key}": [*worst, *everyone[1:]],
            f"Images with the largest changes: {run.key}": sheets.largest_changes(run),
        }
    assert found.keys() == expected.keys()
    for title, rows in expected.items():
        assert found[title] == rows[1:], title


def objects(*arguments: str, study: Path) -> list[dict]:
    """Return the JSON objects that a command prints."""
    answer = call_medtui(*arguments, "--json", "--runs-dir", str(study.parent))
    assert answer.code == 0, answer.stderr
    return answer.objects


def stage_of(run: RunFiles) -> str:
    """Return the stage that a run's cycles are of."""
    return "reference" if run.name == "reference" else "compress"


def baselines(run: RunFiles) -> tuple[str | None, str | None]:
    """Return what `baseline` and `control` name."""
    reference, control = run.reference, run.control
    return (reference and reference.key), (control and control.key)


def compared_object(run: RunFiles) -> dict:
    """Return the numbers of a run's line in `runs compare --json`."""
    answers, size = answers_of(run, "test"), sizes(run)
    beside = ("exact_match", "accuracy") if answers.is_multi else ("auroc",)
    names = [primary_of(run), *beside, "sensitivity", "specificity"]
    found = {name: metric(answers, name) for name in names} | {
        "density": density_of(run),
        "reached": size["num_compressible_nonzero"] / size["num_compressible"],
        "parameters": size["num_nonzero"],
        "packed": size["bytes_packed"],
        "cycle": run.result["best_cycle"],
        "time": run.result["seconds"],
        "is_probe": False,
        "chosen": False,
    }
    if answers.is_multi:
        found["positive_class"] = None
    if run.baseline is not None:
        found |= {"margin": margin_of(run), "change": changed(run.reference, run)}
        found |= {"num_effective": effective_number(answers.patients)}
    if run.control is not None:
        found["change_control"] = changed(run.control, run)
    return found


def changed(baseline: RunFiles, run: RunFiles) -> dict:
    """Return the changes as JSON has them."""
    return {name: _ends(each) for name, each in changes_of(baseline, run).items()}


def _ends(found: Interval) -> dict[str, float | None]:
    numbers = {"low": found.low, "high": found.high, "detectable": found.detectable}
    finite = {key: each if math.isfinite(each) else None for key, each in numbers.items()}
    return finite | {"value": found.value}
