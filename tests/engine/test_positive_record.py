"""A study keeps the positive class that it began with, whatever its card says later."""

import dataclasses
import json
from pathlib import Path

import pytest

from medtui.datasets.dataset import Dataset
from medtui.engine.run.positive_record import changed_positive, with_recorded_positive
from medtui.engine.run.provenance import provenance
from medtui.events import DataLoaded
from medtui.runs.folder import RunFolder, StudyFolder
from tests.helpers.tiny_sessions import tiny_preset


@pytest.fixture
def renamed(dataset: Dataset) -> Dataset:
    """Return the data set as its card describes it now: about the first class."""
    card = dataset.card.model_copy(update={"positive": "Uninfected"})
    return dataclasses.replace(dataset, card=card, positive_class="Uninfected")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a run of a study whose reference has a folder."""
    study = StudyFolder(tmp_path / "study")
    study.reference.path.mkdir(parents=True)
    return study.run("prune-0.3")


def loaded(dataset: Dataset, positive: str | None) -> DataLoaded:
    """Return what an earlier session of the run logged about its data."""
    return DataLoaded(1, 1, 1, list(dataset.classes), dataset.digest, positive_class=positive)


def test_a_new_study_takes_the_card_s(renamed: Dataset, run: RunFolder) -> None:
    """Nothing is recorded yet."""
    reference = run.study.reference
    assert with_recorded_positive(renamed, reference, None).positive_class == "Uninfected"
    assert with_recorded_positive(renamed, run, None).positive_class == "Uninfected"
    assert changed_positive(renamed) == ""


@pytest.mark.parametrize("recorded", ["Parasitized", None])
def test_a_resumed_run_keeps_its_own(
    renamed: Dataset, run: RunFolder, recorded: str | None
) -> None:
    """A log of an earlier version names no class: its metrics are about the second."""
    kept = with_recorded_positive(renamed, run, loaded(renamed, recorded))
    assert (kept.positive_class, kept.positive) == ("Parasitized", 1)
    assert "is now Uninfected. This study began with Parasitized" in changed_positive(kept)


@pytest.mark.parametrize("is_earlier_version", [False, True])
def test_a_run_takes_its_reference_s(
    dataset: Dataset, renamed: Dataset, run: RunFolder, *, is_earlier_version: bool
) -> None:
    """All numbers of a study are about one class."""
    record = provenance(tiny_preset(), 0, dataset, {})
    assert record["positive_class"] == "Parasitized"
    if is_earlier_version:
        del record["positive_class"]
    run.study.reference.provenance.write_text(json.dumps(record), encoding="utf-8")
    assert with_recorded_positive(renamed, run, None).positive_class == "Parasitized"
