"""`check` and `new`: the report on every image, and generated cards."""

from pathlib import Path

import pytest
from PIL import Image

from medtui.datasets.card_template import sketch_card
from medtui.datasets.check import check_dataset
from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import sentences
from medtui.datasets.summary import summarise_dataset
from medtui.errors import UsageError
from medtui.preset import DataSettings
from tests.helpers.drawn_images import draw, write_card, write_medmnist


def test_a_check_reports_the_content(settings: DataSettings, cells: Path, tmp_path: Path) -> None:
    """The report has modes, sizes, statistics, bad files and a contact sheet."""
    draw(cells / "Uninfected" / "P3_film.png", seed=700, mode="L")
    (cells / "Uninfected" / "P4_empty.png").write_bytes(b"")
    check = check_dataset(settings, sheet=tmp_path / "sheet.png")
    assert check.kinds == {"PNG RGB": 120, "PNG L": 1}
    assert check.sides == (20, 24)
    assert check.bad == {"Uninfected/P4_empty.png": "empty: zero bytes"}
    assert any("cannot be used" in note for note in sentences(check.findings))
    assert not any("same pixels" in note for note in sentences(check.findings))
    dataset = open_dataset(settings)
    assert (check.mean, check.std) == (dataset.mean, dataset.std)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size[0] > sheet.size[1] > 2 * 72


def test_a_check_becomes_plain_json(settings: DataSettings) -> None:
    """`--json` prints plain values under the keys of earlier versions."""
    import json

    value = json.loads(json.dumps(check_dataset(settings).as_object()))
    assert [split["name"] for split in value["parts"]] == ["train", "val", "test"]
    assert value["card"]["name"] == "cells"
    assert value["kinds"] == {"PNG RGB": 120}


def test_a_written_card_describes_class_folders(cells: Path, tmp_path: Path) -> None:
    """The generated card opens the class folders."""
    card = write_card(tmp_path, sketch_card(cells, "mine"))
    summary = summarise_dataset(DataSettings(card=card, root=str(cells)))
    assert summary.classes == ("Parasitized", "Uninfected")
    assert (summary.channels, summary.size) == (3, 28)
    assert sum(split.num_images for split in summary.splits) == 120


def test_a_written_card_describes_a_table(tmp_path: Path) -> None:
    """Columns are guessed by name, grey films stay grey, joined labels are multi-label."""
    root = tmp_path / "films"
    rows = ["Image Index,Finding Labels,Patient ID"]
    for number in range(24):
        draw(root / f"{number}.png", seed=number, mode="L")
        rows.append(f"{number}.png,{('A', 'B', 'A|B')[number % 3]},{number // 2}")
    (root / "findings.csv").write_text("\n".join(rows))
    card = write_card(tmp_path, sketch_card(root, "films"))
    summary = summarise_dataset(DataSettings(card=card, root=str(root)))
    assert (summary.classes, summary.task, summary.channels) == (("A", "B"), "multi", 1)
    assert summary.has_patients


def test_a_written_card_describes_an_npz_file(tmp_path: Path) -> None:
    """The card beside the file finds the file."""
    path = Path(write_medmnist(tmp_path / "some.npz", (28, 28)))
    card = write_card(tmp_path, sketch_card(path, "some"))
    assert summarise_dataset(DataSettings(card=card)).size == 28


def test_a_path_without_a_data_set_is_refused(tmp_path: Path) -> None:
    """An empty folder, images without classes, and a text file are refused with a reason."""
    with pytest.raises(UsageError, match="no image files found"):
        sketch_card(tmp_path, "x")
    draw(tmp_path / "a.png", seed=0)
    with pytest.raises(UsageError, match="fewer than two class folders"):
        sketch_card(tmp_path, "x")
    with pytest.raises(UsageError, match="neither a folder nor an npz file"):
        sketch_card(tmp_path / "a.png", "x")
