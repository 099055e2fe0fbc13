"""Splits: no patient in two splits, stratified by class, reproducible by seed."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtui.datasets.dataset import open_dataset, save_split
from medtui.datasets.findings import sentences
from medtui.datasets.split import divide, even_choice
from medtui.datasets.summary import summarise_dataset
from medtui.errors import UsageError
from medtui.preset import DataSettings

FRACTIONS = np.array([0.7, 0.1, 0.2])


def test_no_patient_is_in_two_splits(settings: DataSettings) -> None:
    """For many seeds, patients are kept apart and no split is empty."""
    for seed in range(10):
        dataset = open_dataset(settings.model_copy(update={"seed": seed}))
        held = [set(split.patients) for split in dataset.splits]
        assert all(held)
        assert sum(map(len, held)) == len(set.union(*held))


@given(st.lists(st.integers(0, 30), min_size=40, max_size=200), st.integers(0, 5))
def test_groups_are_assigned_whole(groups: list[int], seed: int) -> None:
    """Each group is in one split, whatever the sizes of the groups."""
    _, numbers = np.unique(groups, return_inverse=True)
    splits = divide(numbers, np.ones((len(groups), 1)), FRACTIONS, seed)
    for group in range(numbers.max() + 1):
        assert len(set(splits[numbers == group].tolist())) == 1


def test_rare_classes_are_spread(settings: DataSettings) -> None:
    """A class of 20 in 2,000 images reaches every split in its share."""
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 400, 2000)
    _, groups = np.unique(groups, return_inverse=True)
    labels = np.zeros(2000, int)
    labels[rng.choice(2000, 20, replace=False)] = 1
    counts = np.hstack([np.eye(2)[labels], np.ones((2000, 1))])
    for seed in range(5):
        splits = divide(groups, counts, FRACTIONS, seed)
        rare = [int(counts[splits == split, 1].sum()) for split in range(3)]
        assert np.abs(np.array(rare) - [14, 2, 4]).max() <= 1
        shares = np.bincount(splits, minlength=3) / 2000
        np.testing.assert_allclose(shares, FRACTIONS, atol=0.01)


def test_no_split_is_left_empty() -> None:
    """With few equal patients and a small fraction, every split still has one."""
    for seed in range(20):
        splits = divide(np.arange(48) // 6, np.ones((48, 1)), FRACTIONS, seed)
        assert set(splits.tolist()) == {0, 1, 2}


def test_the_seed_decides(settings: DataSettings) -> None:
    """The same seed gives the same digest; another seed gives another split."""
    first, again = open_dataset(settings), open_dataset(settings)
    other = open_dataset(settings.model_copy(update={"seed": 1}))
    assert first.digest == again.digest != other.digest
    assert first.test.names != other.test.names


def test_a_split_by_image_says_so(settings: DataSettings) -> None:
    """A split by image reports the patients in several splits."""
    summary = summarise_dataset(settings.model_copy(update={"split": "image"}))
    assert not summary.has_patients
    assert sentences(summary.findings)[0].startswith("split by image on request: ")


def test_too_few_patients(settings: DataSettings, cells: Path) -> None:
    """Two patients cannot be split into three."""
    for path in cells.rglob("*.png"):
        if not path.name.startswith(("P0_", "P1_")):
            path.unlink()
    with pytest.raises(UsageError, match="2 patients cannot be split"):
        summarise_dataset(settings)


def test_a_limit_is_even_over_classes(settings: DataSettings) -> None:
    """The limit applies per split, half of each class, with the same images every time."""
    limited = settings.model_copy(update={"limit": 6})
    dataset = open_dataset(limited)
    for split in dataset.splits:
        assert np.bincount(split.labels).tolist() == [3, 3]
    assert dataset.digest == open_dataset(limited).digest


def test_a_limit_takes_rare_classes_whole() -> None:
    """Where a class has too few images, other classes fill the limit."""
    labels = np.array([0] * 50 + [1] * 3)
    chosen = even_choice(labels, [str(each) for each in range(53)], 20)
    assert np.bincount(labels[chosen]).tolist() == [17, 3]


def test_the_split_is_saved(settings: DataSettings, tmp_path: Path) -> None:
    """Every image's name, patient and split can be read back."""
    dataset = open_dataset(settings)
    save_split(dataset, tmp_path / "split.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "split.jsonl").read_text().splitlines()]
    assert [row["name"] for row in rows if row["part"] == "val"] == dataset.val.names
    assert [row["patient"] for row in rows if row["part"] == "test"] == dataset.test.patients
    assert len(rows) == 120
