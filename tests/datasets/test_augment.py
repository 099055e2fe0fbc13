"""`[data.augment]` of a preset in place of the card's augmentation."""

from pathlib import Path

import pytest

from medtui.datasets.card import load_card
from medtui.datasets.dataset import open_dataset
from medtui.datasets.inspection import look
from medtui.datasets.summary import summarise_dataset
from medtui.errors import MedtuiError
from medtui.preset import DataSettings, dump_preset, load_preset, parse_preset
from medtui.preset.augmenting import Augment
from tests.helpers.drawn_images import write_medmnist

PRESET = """
name = "cells"
[data]
card = "medmnist"
root = "cells.npz"
"""


@pytest.fixture
def npz(tmp_path: Path) -> str:
    """Return a MedMNIST file, whose card has no augmentation."""
    return write_medmnist(tmp_path / "cells.npz", (28, 28, 3))


def test_the_preset_decides_and_the_card_does_without_it(npz: str) -> None:
    """An npz file gets the augmentation of the malaria card; nothing else changes."""
    how = load_card("malaria")[0].augment
    plain = open_dataset(DataSettings(card="medmnist", root=npz))
    augmented = open_dataset(DataSettings(card="medmnist", root=npz, augment=how))
    assert (plain.augment, augmented.augment) == (Augment(), how)
    assert augmented.digest == plain.digest
    assert open_dataset(DataSettings(card="demo")).augment == load_card("demo")[0].augment
    off = open_dataset(DataSettings(card="demo", augment=Augment()))
    assert off.augment == Augment()


def test_what_looks_at_the_data_shows_the_preset_s(npz: str) -> None:
    """Time estimates and the Data screen use it too."""
    settings = DataSettings(
        card="medmnist", root=npz, augment=Augment(hue=0.25, flip_vertical=True)
    )
    assert summarise_dataset(settings).card.augment.hue == 0.25
    assert look(settings).augment == "flip vertical, hue 0.25"
    assert look(DataSettings(card="medmnist", root=npz)).augment == "none"


def test_a_resolved_preset_has_it_only_where_it_was_given() -> None:
    """Presets without the table stay as they are written."""
    plain = parse_preset(PRESET, "test")
    assert plain.data.augment is None
    assert "augment" not in dump_preset(plain)
    given = parse_preset(PRESET + "[data.augment]\nrotation_degrees = 10.0\n", "test")
    assert parse_preset(dump_preset(given), "test") == given
    assert given.data.augment == Augment(rotation_degrees=10.0)
    off = parse_preset(PRESET + "[data.augment]\n", "test")
    assert parse_preset(dump_preset(off), "test").data.augment == Augment()


def test_it_can_be_set_for_one_start() -> None:
    """As every key of a preset."""
    found = load_preset("demo", ["data.augment.rotation_degrees=15.0"])
    assert found.data.augment == Augment(rotation_degrees=15.0)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("flip_horizontl = true", "unknown key `flip_horizontl` in .data.augment.. Did you mean "),
        ("hue = 0.7", "`data.augment.hue` = 0.7 must be less than or equal to 0.5"),
    ],
)
def test_mistakes_are_explained(line: str, sentence: str) -> None:
    """With the key, as in every other table."""
    with pytest.raises(MedtuiError, match=sentence):
        parse_preset(f"{PRESET}[data.augment]\n{line}\n", "test")
