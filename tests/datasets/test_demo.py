"""The demo data: drawn from a seed, split by patient, part of the package."""

import runpy
from pathlib import Path

import numpy as np
import pytest

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


def test_the_demo_is_small() -> None:
    """It is small enough for the package."""
    assert (data_dir() / "demo" / "demo.npz").stat().st_size < 2_000_000


@pytest.mark.slow
def test_the_demo_is_what_its_script_draws(tmp_path: Path) -> None:
    """The script draws the same arrays again."""
    script = tmp_path / "draw.py"
    script.write_text((data_dir() / "demo" / "draw.py").read_text("utf-8"), encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")
    drawn, shipped = np.load(tmp_path / "demo.npz"), np.load(data_dir() / "demo" / "demo.npz")
    assert sorted(drawn) == sorted(shipped)
    for key in drawn:
        np.testing.assert_array_equal(drawn[key], shipped[key])
