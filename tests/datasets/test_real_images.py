"""The packaged cards on real images."""

from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import sentences
from medtui.datasets.summary import summarise_dataset
from medtui.preset import DataSettings
from medtui.resources import data_dir
from tests.helpers.drawn_images import write_card

pytestmark = pytest.mark.real_data


def test_every_cell_has_its_patient(real_data: Path) -> None:
    """The pattern matches all names; 44 patients are kept apart."""
    summary = summarise_dataset(DataSettings(card="malaria", root=str(real_data / "malaria")))
    (share,) = summary.findings
    assert (share.name, share.rank) == ("large-patients", "note")
    assert share.sentence.endswith("up to 10 %: C180P141")
    assert sum(split.num_images for split in summary.splits) == 5312
    assert sum(split.num_patients or 0 for split in summary.splits) == 44
    shares = np.array([split.num_images for split in summary.splits]) / 5312
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.03)


def test_cells_are_decoded_as_pillow_does(real_data: Path) -> None:
    """A selection of cells has the pixels of Pillow's decoder and bilinear filter."""
    from PIL import Image

    root = real_data / "malaria"
    dataset = open_dataset(DataSettings(card="malaria", root=str(root), limit=40))
    for image, name in zip(dataset.val.images_NHWC, dataset.val.names, strict=True):
        with Image.open(root / name) as opened:
            small = opened.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(image, np.asarray(small))


@pytest.mark.parametrize(
    ("folder", "table"),
    [
        ("", "Data_Entry_2017_v2020.csv"),
        ("images_1024", "Data_Entry_2017_v2020.csv"),
        ("", "sample_labels.csv"),
        ("images_1024", "sample_labels.csv"),
        ("images_128", "sample_labels.csv"),
        ("images_64", "sample_labels.csv"),
    ],
)
def test_films_of_partial_downloads(
    real_data: Path, tmp_path: Path, folder: str, table: str
) -> None:
    """Any subset of the images works with both tables; patients are kept apart."""
    text = (data_dir() / "chestxray14" / "card.toml").read_text("utf-8")
    names = '"Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv", "sample_labels.csv"'
    card = write_card(tmp_path, text.replace(names, f'"{table}"'))
    root = str(real_data / "chest" / folder)
    summary = summarise_dataset(DataSettings(card=card, root=root, split="patient"))
    assert summary.task == "multi"
    assert len(summary.classes) == 15
    assert summary.has_patients
    assert any("in the table without a file" in note for note in sentences(summary.findings))


def test_the_official_split_of_films(real_data: Path) -> None:
    """No patient of the test list is in train or val; 15 logits, grey, no flip."""
    dataset = open_dataset(
        DataSettings(card="chestxray14", root=str(real_data / "chest"), limit=60)
    )
    lines = (real_data / "chest" / "test_list.txt").read_text().split()
    assert set(dataset.test.names) <= set(lines)
    held = [set(split.patients) for split in dataset.splits]
    assert sum(map(len, held)) == len(set.union(*held))
    assert dataset.train.labels.shape == (60, 15)
    assert dataset.train.images_NHWC.shape == (60, 64, 64, 1)
    assert len(dataset.class_weights) == 15


def test_medmnist_files(real_data: Path) -> None:
    """Copies of test images in train are reported."""
    root = str(real_data / "pneumoniamnist.npz")
    dataset = open_dataset(DataSettings(card="medmnist", root=root))
    assert (dataset.channels, dataset.size, dataset.has_patients) == (1, 28, False)
    assert any("copy in another split" in note for note in sentences(dataset.findings))
    cells = summarise_dataset(DataSettings(card="medmnist", root=str(real_data / "malaria32.npz")))
    assert cells.has_patients
