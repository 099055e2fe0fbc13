"""Tables that name studies, and the join with the table that names their images."""

from pathlib import Path

import pytest

from medtui.datasets.index import ImageIndex
from medtui.datasets.resolve import open_source
from medtui.datasets.tables.join import join_tables
from medtui.datasets.tables.table import TableText, read_table
from medtui.errors import MedtuiError, UsageError
from medtui.preset import DataSettings
from tests.helpers.drawn_images import TABLE, draw, write_card

CARD = """
classes = ["Edema", "Mass"]
task = "multi"
[table]
file = ["chexpert.csv"]
join = ["metadata.csv", "split.csv"]
name_column = "dicom_id"
patient_column = "subject_id"
split_column = "split"
"""
LABELS = {"501": (1, 0), "502": (0, 1), "503": (1, 1), "504": (0, 0), "505": (1, 0), "506": (0, 1)}


def table(folder: Path, name: str, rows: list[str]) -> TableText:
    """Return a table that is written and read."""
    (folder / name).write_text("\n".join(rows))
    return read_table(folder / name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a set in the layout of MIMIC-CXR-JPG: two images a study, two studies a subject."""
    root = tmp_path / "mimic"
    labels, names = ["subject_id,study_id,Edema,Mass"], ["dicom_id,subject_id,study_id,View"]
    splits = ["dicom_id,study_id,subject_id,split"]
    for number, (study, values) in enumerate(LABELS.items()):
        subject = 1000 + number // 2
        labels.append(f"{subject},{study},{values[0]}.0,{values[1]}.0")
        for view in ("PA", "LL"):
            image = f"{study[::-1]}abc-{view.lower()}"
            draw(root / f"p{subject}" / f"s{study}" / f"{image}.jpg", seed=number)
            names.append(f"{image},{subject},{study},{view}")
            splits.append(f"{image},{study},{subject},{('train', 'validate', 'test')[number // 2]}")
    table(root, "chexpert.csv", labels)
    table(root, "metadata.csv", names)
    table(root, "split.csv", splits)
    return root


def open_index(root: Path, card: str) -> ImageIndex:
    """Return the index under a card."""
    path = write_card(root.parent, TABLE + card)
    return open_source(DataSettings(card=path, root=str(root))).index


def test_labels_by_study_reach_every_image(root: Path) -> None:
    """Each of a study's images has its labels and its subject, and the third table the split."""
    index = open_index(root, CARD)
    assert len(index) == 12
    assert index.files is not None
    assert index.patients is not None
    for file, labels, patient in zip(index.files, index.labels, index.patients, strict=True):
        folder = Path(file).parent
        assert tuple(labels) == LABELS[folder.name.removeprefix("s")]
        assert patient == folder.parent.name.removeprefix("p")
    assert index.official is not None
    assert sorted(index.official.tolist()) == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("column", ["dicom_id", "study_id", "subject_id"])
def test_a_table_of_studies_is_refused_with_the_join(root: Path, column: str) -> None:
    """Without `join`, the error names the columns, the other table and the keys to write."""
    card = CARD.replace('join = ["metadata.csv", "split.csv"]', "")
    card = card.replace('split_column = "split"', "").replace('"dicom_id"', f'"{column}"')
    with pytest.raises(UsageError, match=r"chexpert.csv:1: the table names no images") as caught:
        open_index(root, card)
    assert "subject_id, study_id" in caught.value.message
    assert 'table.join = ["metadata.csv"], table.name_column = "dicom_id"' in caught.value.hint


def test_a_table_of_studies_alone_is_refused(root: Path) -> None:
    """Without a table of images, the error says what is missing."""
    (root / "metadata.csv").unlink()
    (root / "split.csv").unlink()
    card = CARD.replace('join = ["metadata.csv", "split.csv"]', "")
    card = card.replace('split_column = "split"', "")
    with pytest.raises(UsageError, match=r"names no images, but subject_id, study_id") as caught:
        open_index(root, card)
    assert "table.join" in caught.value.hint


def test_other_failures_keep_their_message(root: Path) -> None:
    """A table that names images and lacks a column is not sent to a join."""
    card = CARD.replace("chexpert.csv", "metadata.csv").replace(
        'join = ["metadata.csv", ', "on = ["
    )
    card = card.replace('on = ["split.csv"]', "").replace('split_column = "split"', "")
    with pytest.raises(MedtuiError, match="no column `Edema`"):
        open_index(root, card)


def test_ids_as_floats_and_repeated_equal_rows_join(tmp_path: Path) -> None:
    """Pandas writes `12.0` once a cell is empty; a row that is there twice counts once."""
    left = table(tmp_path, "a.csv", ["id,x", "12,1", "13,2", "14,3"])
    right = table(tmp_path, "b.csv", ["ID,y", "12.0,a", "12.0,a", "13.0,b", ",c"])
    joined = join_tables(left, right)
    assert joined.header == ["id", "x", "y"]
    assert joined.rows == [["12", "1", "a"], ["13", "2", "b"]]
    assert list(joined.lines) == [2, 3]
    assert [(each.name, each.rank) for each in joined.findings] == [
        ("unjoined-rows", "note"),
        ("unjoined-rows", "note"),
    ]


def test_ambiguous_joins_are_refused(tmp_path: Path) -> None:
    """Keys with several rows on both sides, no common key and no common column are errors."""
    left = table(tmp_path, "a.csv", ["id,x", "1,1", "1,2"])
    with pytest.raises(UsageError, match=r"both have several rows for the same id: 1"):
        join_tables(left, table(tmp_path, "b.csv", ["id,y", "1,a", "1,b"]))
    with pytest.raises(UsageError, match=r"no id in common: `1` and `s1`"):
        join_tables(left, table(tmp_path, "b.csv", ["id,y", "s1,a"]))
    with pytest.raises(UsageError, match=r"b.csv:1: no column of a.csv to join by"):
        join_tables(left, table(tmp_path, "b.csv", ["key,y", "1,a"]))
    with pytest.raises(UsageError, match=r"b.csv:1: no column `id`"):
        join_tables(left, table(tmp_path, "b.csv", ["key,y", "1,a"]), ["id"])
