"""Runs are compared on the same images alone: by digest, or by names, labels and patients."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medtui.analysis.differences import differences, differences_of_all
from medtui.analysis.pairing import pair_predictions
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records
from medtui.analysis.subgroup_analysis import analyse_all, analyse_subgroups
from medtui.analysis.subgroup_tables import changed_answers_table, subgroups_table
from medtui.errors import UsageError
from medtui.runs.data_digest import RecordedDigest
from medtui.runs.predictions import RunPredictions, SplitPredictions
from tests.helpers.altered_runs import (
    Change,
    alter_predictions,
    alter_study,
    copy_recorded,
    forget_patients,
    shift_labels,
)
from tests.helpers.paths import RECORDED


def _other_patients(stored: SplitPredictions) -> SplitPredictions:
    return replace(stored, patients=[f"other {each}" for each in stored.patients])


def _read(runs_dir: Path) -> dict[str, RunRecord]:
    entries, problems = read_run_records(all_runs(runs_dir))
    assert not problems
    return {entry.key: entry for entry in entries}


@pytest.mark.parametrize(
    ("change", "words"), [(shift_labels, "the labels of "), (_other_patients, "the patients of ")]
)
def test_runs_on_different_data_are_not_compared(
    tmp_path: Path, change: Change, words: str
) -> None:
    """Equal names are not enough; the message says what differs, with an example."""
    copy_recorded(tmp_path, "cells")
    alter_study(copy_recorded(tmp_path, "elsewhere"), change)
    entries = _read(tmp_path)
    pin, run = entries["elsewhere/reference"], entries["cells/prune-0.1"]
    with pytest.raises(UsageError, match="measured on different data") as refused:
        differences(pin, run)
    assert words in refused.value.message
    assert " in the baseline, " in refused.value.message
    found, problems = differences_of_all([run], pin)
    assert not found
    assert problems[0].startswith("cells/prune-0.1 cannot be compared with elsewhere/reference")
    analyses, problems = analyse_all([run], pin)
    assert not analyses
    assert words in problems[0]


def test_equal_images_are_compared_across_studies(tmp_path: Path) -> None:
    """Without a digest, as in results of early versions, names, labels and patients decide."""
    copy_recorded(tmp_path, "cells")
    alter_study(copy_recorded(tmp_path, "again"), lambda stored: stored)
    entries = _read(tmp_path)
    for pin in ("cells/reference", "again/reference"):
        found = differences(entries[pin], entries["cells/prune-0.1"])
        assert found.by_metric["accuracy"].value != 0


def _tiny(patients: list[str]) -> RunPredictions:
    names = [f"{number}.png" for number in range(len(patients))]
    logits = np.eye(2, dtype=np.float32)[[0, 1] * (len(patients) // 2)]
    part = SplitPredictions(names, patients, np.array([0, 1] * (len(patients) // 2)), logits)
    return RunPredictions(("a", "b"), {"val": part, "test": part})


def test_an_equal_digest_shows_that_the_data_are_the_same() -> None:
    """A run that ignores patients is compared over those that its baseline knows."""
    known, unknown = _tiny(["p", "p", "q", "q"]), _tiny(["0.png", "1.png", "2.png", "3.png"])
    with pytest.raises(UsageError, match=r"0\.png: patient p in the baseline, unknown here"):
        pair_predictions(known, unknown, "test")
    digest = RecordedDigest("abc", 2)
    pair = pair_predictions(known, unknown, "test", digests=[digest, digest])
    assert pair.num_patients == 2
    for other in (RecordedDigest("abd", 2), RecordedDigest("abc", 1), None):
        with pytest.raises(UsageError, match="different data"):
            pair_predictions(known, unknown, "test", digests=[digest, other])


def test_unknown_labels_are_part_of_the_check() -> None:
    """A label that only one of the runs knows is a difference."""
    run = _tiny(["p", "p", "q", "q"])
    part = replace(run.splits["test"], mask=np.array([True, True, False, True]))
    masked = RunPredictions(run.classes, {"val": part, "test": part})
    with pytest.raises(UsageError, match=r"the labels of 1 of 4 test images .* a in the baseline"):
        pair_predictions(run, masked, "test")


def test_unknown_patients_are_never_counted(tmp_path: Path) -> None:
    """Where each image stands for itself there are images, and no number of patients."""
    shutil.copytree(RECORDED / "films", tmp_path / "films")
    for name in ("reference", "prune-0.05"):
        entry = _read(tmp_path)[f"films/{name}"]
        alter_predictions(entry.folder, forget_patients)
    entries = _read(tmp_path)
    pair = entries["films/reference"], entries["films/prune-0.05"]
    analysis = analyse_subgroups(*pair)
    assert analysis.num_patients == 0
    assert "of unknown patients" in changed_answers_table([analysis]).note
    assert analysis.subgroups
    assert {row[3] for row in subgroups_table(analysis).rows} == {"unknown"}
