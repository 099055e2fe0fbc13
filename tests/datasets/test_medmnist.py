"""MedMNIST files of every kind."""

from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import sentences
from medtui.datasets.summary import summarise_dataset
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import DataSettings
from tests.helpers.drawn_images import write_medmnist


@pytest.mark.parametrize(
    ("shape", "columns", "high"), [((28, 28), 1, 2), ((64, 64, 3), 1, 8), ((28, 28), 14, 2)]
)
def test_any_file_of_the_family(
    tmp_path: Path, shape: tuple[int, ...], columns: int, high: int
) -> None:
    """Channels, size, classes and task are read from the file."""
    root = write_medmnist(tmp_path / "some.npz", shape, columns, high)
    dataset = open_dataset(DataSettings(card="medmnist", root=root))
    assert (dataset.size, dataset.channels) == (shape[0], 3 if len(shape) == 3 else 1)
    assert dataset.task == ("single" if columns == 1 else "multi")
    assert len(dataset.classes) == (high if columns == 1 else columns)
    assert [len(split) for split in dataset.splits] == [40, 12, 12]
    stored = np.load(root)["val_images"]
    np.testing.assert_array_equal(dataset.val.images_NHWC.reshape(stored.shape), stored)
    assert any(note.startswith("no patient information") for note in sentences(dataset.findings))


def test_another_size_is_scaled(tmp_path: Path) -> None:
    """The preset's size overrides the file's."""
    root = write_medmnist(tmp_path / "some.npz", (28, 28))
    dataset = open_dataset(DataSettings(card="medmnist", root=root, size=32))
    assert dataset.train.images_NHWC.shape == (40, 32, 32, 1)


def test_a_split_by_patient_pools_the_official_splits(tmp_path: Path) -> None:
    """With patients in the file, its images can be split again."""
    patients = {
        f"{split}_patients": np.array([f"p{number % 8}" for number in range(count)])
        for split, count in (("train", 40), ("val", 12), ("test", 12))
    }
    root = write_medmnist(tmp_path / "some.npz", (28, 28), **patients)
    official = summarise_dataset(DataSettings(card="medmnist", root=root))
    assert not official.has_patients
    assert any("8 patients in several splits" in note for note in sentences(official.findings))
    assert (official.split_method, official.has_fractions) == ("official", False)
    again = DataSettings(card="medmnist", root=root, split="patient")
    assert summarise_dataset(again).has_fractions
    dealt = open_dataset(again)
    assert dealt.has_patients
    assert sum(len(set(split.patients)) for split in dealt.splits) == 8


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"val_labels": np.zeros((5, 1), np.uint8)}, "do not fit the images"),
        ({"val_labels": np.zeros((12, 1), np.float32)}, "whole numbers"),
        ({"val_images": np.zeros((12, 28, 28), np.float32)}, "uint8"),
        ({"val_images": np.zeros((12, 30, 30), np.uint8)}, "splits differ"),
        ({"val_images": np.zeros((0, 28, 28), np.uint8)}, "empty"),
        ({"val_patients": 0, "train_patients": 0, "test_patients": 0}, "patients"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit(tmp_path: Path, more: dict[str, object], message: str) -> None:
    """Each mismatch is reported with the file's name."""
    root = write_medmnist(tmp_path / "some.npz", (28, 28), **more)
    with pytest.raises(UsageError, match=rf"some\.npz.*{message}"):
        summarise_dataset(DataSettings(card="medmnist", root=root))


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    """An array of objects is refused; no pickle is loaded."""
    root = write_medmnist(tmp_path / "some.npz", (28, 28), train_labels=np.array([print] * 40))
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        summarise_dataset(DataSettings(card="medmnist", root=root))


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """A truncated, empty or foreign file is exit code 3 with its name."""
    sound = Path(write_medmnist(tmp_path / "some.npz", (28, 28))).read_bytes()
    for content in (b"", b"PK\x03\x04", sound[: len(sound) // 2], b"text"):
        path = tmp_path / "broken.npz"
        path.write_bytes(content)
        with pytest.raises(EnvironmentProblem, match=r"broken\.npz"):
            open_dataset(DataSettings(card="medmnist", root=str(path)))
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(EnvironmentProblem, match=r"array\.npy"):
        open_dataset(DataSettings(card="medmnist", root=str(tmp_path / "array.npy")))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """A missing root is reported with a hint."""
    for root in ("", str(tmp_path / "none.npz")):
        with pytest.raises(EnvironmentProblem, match="were not found") as caught:
            summarise_dataset(DataSettings(card="medmnist", root=root))
        assert "--set data.root=" in caught.value.hint
