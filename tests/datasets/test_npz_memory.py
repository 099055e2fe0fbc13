"""Images of an npz file are scaled piece by piece: memory does not grow with their number."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.dataset import open_dataset
from medtui.preset import DataSettings
from tests.helpers.drawn_images import write_card, write_medmnist

PEAK = """
import resource, sys
from medtui.datasets.dataset import open_dataset
from medtui.preset import DataSettings
open_dataset(DataSettings(card="medmnist", root=sys.argv[1], size=8))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mib(path: Path, cache_dir: Path) -> int:
    """Return the peak memory of a process that opens an npz file at 8 x 8 pixels."""
    command = [sys.executable, "-c", PEAK, str(path)]
    environment = {"MEDTUI_CACHE_DIR": str(cache_dir), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


def write_npz(path: Path, count: int, *, compressed: bool) -> Path:
    """Write `count` RGB images of 128 pixels, a tenth each of them val and test."""
    arrays: dict[str, np.ndarray] = {}
    for split, number in (
        ("train", count - 2 * (count // 10)),
        ("val", count // 10),
        ("test", count // 10),
    ):
        values = np.arange(number, dtype=np.uint8)[:, None, None, None]
        arrays[f"{split}_images"] = np.broadcast_to(values, (number, 128, 128, 3))
        arrays[f"{split}_labels"] = (np.arange(number) % 2).astype(np.uint8)[:, None]
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


@pytest.mark.parametrize("compressed", [True, False])
def test_the_peak_does_not_grow_with_the_number_of_images(tmp_path: Path, compressed: bool) -> None:
    """Three times as many images, 94 MiB more of pixels, need hardly more memory."""
    few = write_npz(tmp_path / "few.npz", 1000, compressed=compressed)
    many = write_npz(tmp_path / "many.npz", 3000, compressed=compressed)
    assert peak_mib(many, tmp_path / "cache") - peak_mib(few, tmp_path / "cache") < 30


def test_streamed_images_are_those_of_the_file(tmp_path: Path) -> None:
    """Every image is in its place, in C and in Fortran order, whole and limited."""
    path = tmp_path / "some.npz"
    write_medmnist(path, (16, 12, 3))
    arrays = dict(np.load(path))
    np.savez(
        tmp_path / "turned.npz", **{name: np.asfortranarray(each) for name, each in arrays.items()}
    )
    whole = open_dataset(DataSettings(card="medmnist", root=str(path)))
    turned = open_dataset(DataSettings(card="medmnist", root=str(tmp_path / "turned.npz")))
    assert whole.digest == turned.digest
    few = open_dataset(DataSettings(card="medmnist", root=str(path), limit=5))
    for split in few.splits:
        name, _, number = split.names[-1].partition("/")
        stored = {each.names[0].partition("/")[0]: each for each in whole.splits}[name]
        np.testing.assert_array_equal(split.images_NHWC[-1], stored.images_NHWC[int(number)])


def test_an_npz_file_is_scaled_once(tmp_path: Path) -> None:
    """The second start reads the cache."""
    settings = DataSettings(
        card="medmnist", root=write_medmnist(tmp_path / "some.npz", (16, 16)), size=8
    )
    first = open_dataset(settings)
    stages: list[str] = []
    second = open_dataset(settings, progress=lambda progress: stages.append(progress.stage))
    assert not stages
    assert second.digest == first.digest


def test_fit_applies_to_npz_files(tmp_path: Path) -> None:
    """Oblong images of an npz file are padded as the card says."""
    root = write_medmnist(tmp_path / "some.npz", (16, 8))
    card = write_card(
        tmp_path, 'schema = 1\nname = "some"\nformat = "medmnist"\nsize = 16\nfit = "pad"\n'
    )
    dataset = open_dataset(DataSettings(card=card, root=root, split="official"))
    assert not dataset.train.images_NHWC[:, :, :4].any()
    np.testing.assert_array_equal(
        dataset.train.images_NHWC[:, :, 4:12, 0], np.load(root)["train_images"]
    )
