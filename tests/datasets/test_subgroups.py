"""Subgroups of patients: read from a table's columns and kept with the images."""

from pathlib import Path

import pytest

from medtui.datasets.card import load_card
from medtui.datasets.dataset import open_dataset, save_split
from medtui.datasets.findings import sentences
from medtui.datasets.subgroups import subgroup_of
from medtui.datasets.table_section import Subgroup
from medtui.preset import DataSettings
from medtui.preset.toml import DocumentError
from medtui.runs.patient_groups import read_subgroups
from tests.helpers.drawn_images import TABLE, draw, write_card

CARD = """
classes = ["Edema", "Mass"]
[table]
file = ["films.csv"]
name_column = "Image Index"
label_column = "Finding Labels"
patient_column = "Patient ID"
subgroups = [
  { name = "sex", column = "Patient Gender" },
  { name = "age", column = "patient age ", bins = [18, 40, 60, 80] },
  { name = "view", column = "View Position" },
]
"""


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("57", "40-59"),
        ("060Y", "60-79"),
        ("17.5", "<18"),
        ("018M", "<18"),
        ("003D", "<18"),
        ("80", "80+"),
        ("414", "unknown"),
        ("", "unknown"),
        ("old", "unknown"),
    ],
)
def test_ages_are_binned(cell: str, expected: str) -> None:
    """Years, months and days are binned; invalid ages are unknown, not young."""
    subgroup = Subgroup(name="age", column="Patient Age", bins=(18.0, 40.0, 60.0, 80.0))
    assert subgroup_of(cell, subgroup) == expected


def test_words_stand_for_themselves() -> None:
    """Without bins, the cell is the subgroup."""
    sex = Subgroup(name="sex", column="Sex")
    assert [subgroup_of(cell, sex) for cell in ("F", " M ", "")] == ["F", "M", "unknown"]


def test_subgroups_are_kept_with_the_split(tmp_path: Path) -> None:
    """Values are in split.jsonl; a missing column is reported in a note."""
    root = tmp_path / "films"
    rows = ["Image Index,Finding Labels,Patient ID,Patient Age,Patient Gender"]
    for number in range(30):
        draw(root / f"{number:03d}.png", seed=number, mode="L")
        label = ("Edema", "Mass")[number % 2]
        rows.append(f"{number:03d}.png,{label},{number // 2},{number * 3:03d}Y,{'FM'[number % 2]}")
    (root / "films.csv").write_text("\n".join(rows) + "\n")
    card = write_card(tmp_path, TABLE + CARD)
    dataset = open_dataset(DataSettings(card=card, root=str(root)))
    assert "films.csv has no column `View Position`: no results by view" in sentences(
        dataset.findings
    )
    save_split(dataset, tmp_path / "split.jsonl")
    found = read_subgroups(tmp_path / "split.jsonl", "test")
    assert set(found) == set(dataset.test.names)
    for name, values in found.items():
        number = int(name[:3])
        assert values["sex"] == "FM"[number % 2]
        assert values["age"] == subgroup_of(f"{number * 3}", load_card(card)[0].table.subgroups[1])


def test_edges_ascend(tmp_path: Path) -> None:
    """Bins that do not ascend are an error in the card."""
    text = TABLE + CARD.replace("[18, 40, 60, 80]", "[40, 18]")
    with pytest.raises(DocumentError, match="must ascend"):
        load_card(write_card(tmp_path, text))


def test_the_films_card_names_sex_age_and_view() -> None:
    """ChestX-ray14's releases use the same spelling of these columns."""
    table = load_card("chestxray14")[0].table
    assert [subgroup.name for subgroup in table.subgroups] == ["sex", "age", "view"]
