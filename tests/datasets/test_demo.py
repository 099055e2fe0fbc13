"""The drawn data sets: from a seed, split by patient, parts of the package."""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import sentences
from medtui.preset import DataSettings
from medtui.resources import data_dir


def test_the_demo_opens_without_a_root() -> None:
    """1,200 images of 24 patients, both classes in every split, no patient in two."""
    dataset = open_dataset(DataSettings(card="demo"))
    assert dataset.classes == ("Uninfected", "Parasitized")
    assert [len(split) for split in dataset.splits] == [750, 150, 300]
    held = [set(split.patients) for split in dataset.splits]
    assert sum(map(len, held)) == len(set.union(*held)) == 24
    for split in dataset.splits:
        assert split.images_NHWC.shape[1:] == (32, 32, 3)
        assert 0.4 < split.labels.mean() < 0.6
    assert dataset.has_patients
    assert not sentences(dataset.findings)


def test_the_cells_have_many_patients_of_uneven_size() -> None:
    """3,965 images of 165 patients, 60 of them in val and 45 in test, with 6 to 60 cells each."""
    dataset = open_dataset(DataSettings(card="cells"))
    assert [len(split) for split in dataset.splits] == [1383, 1365, 1217]
    held = [set(split.patients) for split in dataset.splits]
    assert [len(each) for each in held] == [60, 60, 45]
    assert len(set.union(*held)) == 165
    sizes = Counter(patient for split in dataset.splits for patient in split.patients)
    assert (min(sizes.values()), max(sizes.values())) == (6, 60)
    assert all(0.4 < split.labels.mean() < 0.6 for split in dataset.splits)
    assert not sentences(dataset.findings)


def test_pixels_alone_do_not_tell_the_cells_apart() -> None:
    """A logistic regression of the pixels stays below 80 % on test, however it is regularised."""
    dataset = open_dataset(DataSettings(card="cells"))
    train, test = (
        split.images_NHWC[:, ::2, ::2].reshape(len(split), -1) / 255
        for split in (dataset.train, dataset.test)
    )
    for strength in (1e-3, 1e-1):
        model = LogisticRegression(C=strength, max_iter=100)
        model = make_pipeline(StandardScaler(), model).fit(train, dataset.train.labels.ravel())
        assert model.score(test, dataset.test.labels.ravel()) < 0.8


@pytest.mark.parametrize(("name", "limit"), [("demo", 2_000_000), ("cells", 3_500_000)])
def test_the_drawn_images_are_small(name: str, limit: int) -> None:
    """They are small enough for the package."""
    assert (data_dir() / name / f"{name}.npz").stat().st_size < limit


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo", "cells"])
def test_the_images_are_what_their_script_draws(tmp_path: Path, name: str) -> None:
    """The scripts draw the same arrays again."""
    script = tmp_path / name / "draw.py"
    script.parent.mkdir()
    shutil.copy(data_dir() / "drawn_cells.py", tmp_path)
    shutil.copy(data_dir() / name / "draw.py", script)
    subprocess.run([sys.executable, str(script)], check=True)
    drawn = np.load(script.with_name(f"{name}.npz"))
    shipped = np.load(data_dir() / name / f"{name}.npz")
    assert sorted(drawn) == sorted(shipped)
    for key in drawn:
        np.testing.assert_array_equal(drawn[key], shipped[key])
