"""The class that means the absence of others: found in the card, and labels that contradict it."""

from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.card import load_card
from medtui.datasets.dataset import open_dataset
from medtui.datasets.none_class import none_findings
from medtui.datasets.resolve import open_source
from medtui.metrics.none_class import NoneClass
from medtui.preset import DataSettings
from medtui.preset.toml import DocumentError
from tests.helpers.drawn_images import TABLE, draw, write_card

NIH = """
classes = ["Edema", "Mass", "No Finding"]
task = "multi"
[table]
file = ["films.csv"]
name_column = "film"
label_column = "labels"
none_label = "No Finding"
"""
COLUMNS = """
classes = ["No Finding", "Mass", "Devices"]
none_class = "No Finding"
none_beside = ["Devices"]
task = "multi"
[table]
file = ["films.csv"]
name_column = "film"
uncertain = "ignore"
"""


def settings_of(tmp_path: Path, card: str, header: str, rows: list[str]) -> DataSettings:
    """Return settings of films with these cells beside their names, three of each row."""
    lines = [header]
    for number, cells in enumerate(rows * 3):
        draw(tmp_path / f"{number}.png", seed=number, mode="L")
        lines.append(f"{number}.png,{cells}")
    (tmp_path / "films.csv").write_text("\n".join(lines), encoding="utf-8")
    return DataSettings(card=write_card(tmp_path, TABLE + card), root=str(tmp_path))


def test_the_word_for_no_label_is_such_a_class_where_it_is_a_class(tmp_path: Path) -> None:
    """And beside another label it is left out, with a warning."""
    rows = ["Edema", "Mass", "No Finding", "Mass|No Finding", "Edema|Mass", "No Finding"]
    source = open_source(settings_of(tmp_path, NIH, "film,labels", rows))
    assert source.none_class == NoneClass("No Finding")
    (found,) = [each for each in source.findings if "beside another" in each.sentence]
    assert found.sentence.startswith("3 rows of films.csv with `No Finding`")
    assert found.rank == "warning"


def test_contradictions_between_columns_are_reported(tmp_path: Path) -> None:
    """No Finding beside a mass, and films without any class; devices contradict nothing."""
    rows = ["1,0,0", "1,0,1", "1,1,0", "0,0,0", "0,1,1", "-1,0,0"]
    header = "film,No Finding,Mass,Devices"
    source = open_source(settings_of(tmp_path, COLUMNS, header, rows))
    found = {each.name: each for each in source.findings if each.name.startswith("none-")}
    assert found["none-and-others"].sentence.startswith("3 images with No Finding and a class that")
    assert found["none-missing"].sentence.startswith("3 images without any class, not even No")
    assert {each.rank for each in found.values()} == {"warning"}
    assert none_findings(source.index, None) == ()


@pytest.mark.parametrize("name", ["chexpert", "mimic-cxr-jpg", "chestxray14"])
def test_shipped_cards_of_films_have_such_a_class(name: str) -> None:
    """Support devices stand beside it where they are a class."""
    card, _ = load_card(name)
    assert (card.none_class or card.table.none_label) == "No Finding"
    assert set(card.none_beside) == {"Support Devices"} & set(card.classes)


@pytest.mark.parametrize("line", ['none_class = "Nofinding"', 'none_beside = ["Device"]'])
def test_a_class_that_does_not_exist_is_refused(tmp_path: Path, line: str) -> None:
    """With the class that was probably meant."""
    key = line.split(" ", maxsplit=1)[0]
    lines = [line if each.startswith(key) else each for each in COLUMNS.splitlines()]
    with pytest.raises(DocumentError, match="is not one of the classes"):
        load_card(write_card(tmp_path, TABLE + "\n".join(lines)))


@pytest.mark.parametrize("rule", ["none", "inverse", "complement", "frequency"])
def test_the_presets_rule_for_class_weights_replaces_the_cards(tmp_path: Path, rule: str) -> None:
    """`inverse` and `frequency` are opposites."""
    rows = ["Edema", "Mass", "No Finding", "No Finding", "No Finding", "Edema|Mass"]
    settings = settings_of(tmp_path, 'class_weights = "complement"\n' + NIH, "film,labels", rows)
    dataset = open_dataset(settings.model_copy(update={"class_weights": rule}))
    counts = dataset.train.labels.sum(axis=0)
    share = counts / counts.sum()
    expected = {"none": np.ones(3), "inverse": 1 / share, "complement": 1 - share,
                "frequency": share}[rule]  # fmt: skip
    np.testing.assert_allclose(dataset.class_weights, expected / expected.mean())
    assert dataset.card.class_weights == rule
    assert open_dataset(settings).card.class_weights == "complement"
