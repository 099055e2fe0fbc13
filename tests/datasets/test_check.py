"""`check` and `new`: the report on every image, and generated cards."""

from pathlib import Path

from PIL import Image

from medtui.datasets.check import check_dataset
from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import sentences
from medtui.preset import DataSettings
from tests.helpers.drawn_images import draw


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
