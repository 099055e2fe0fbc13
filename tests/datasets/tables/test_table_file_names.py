"""Tables whose file is spelled otherwise than in the card."""

import gzip
from pathlib import Path

import pytest

from medtui.datasets.formats.table_files import find_beside
from medtui.errors import EnvironmentProblem


def touch(folder: Path, *names: str) -> Path:
    """Create empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["labels.csv"], "labels.csv", "labels.csv"),
        (["LABELS.CSV"], "labels.csv", "LABELS.CSV"),
        (["labels.csv.gz"], "labels.csv", "labels.csv.gz"),
        (["Labels.CSV.GZ"], "labels.csv", "Labels.CSV.GZ"),
        (["labels.csv"], "labels.csv.gz", "labels.csv"),
        (["labels.csv", "LABELS.CSV"], "labels.csv", "labels.csv"),
        (["labels.csv", "LABELS.CSV"], "LABELS.CSV", "LABELS.CSV"),
        (["Labels.csv", "labels.csv.gz"], "labels.csv", "Labels.csv"),
        (["train/_Classes.csv"], "train/_classes.csv", "train/_Classes.csv"),
    ],
)
def test_names(tmp_path: Path, names: list[str], wanted: str, found: str) -> None:
    """The very name comes first, then another case, then `.gz` more or less."""
    root = touch(tmp_path / "set", *names)
    assert find_beside(root, (wanted,)) == root / found
    (root / "images").mkdir()
    assert find_beside(root / "images", (f"../{wanted}",)) == root / "images" / ".." / found


def test_the_parent_folder_and_later_names_are_searched(tmp_path: Path) -> None:
    """A second name that exists comes before a first name in another case."""
    root = touch(tmp_path / "set", "FIRST.csv", "second.csv", "images/a.png")
    assert find_beside(root / "images", ("first.csv", "second.csv")) == root / "second.csv"
    assert find_beside(root / "images", ("first.csv",)) == root / "FIRST.csv"


def test_two_spellings_are_refused(tmp_path: Path) -> None:
    """Of two files that differ from the name by case, none is chosen."""
    root = touch(tmp_path / "set", "Labels.csv", "LABELS.csv")
    with pytest.raises(EnvironmentProblem, match=r"labels.csv may be LABELS.csv and Labels.csv"):
        find_beside(root, ("labels.csv",))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Labels.xlsx", "CSV UTF-8"),
        ("labels.ods", "Text CSV"),
        ("labels.csv.zip", "unpack it"),
        ("labels.tsv", "name it in the card"),
        ("other.xlsx", "Put it beside the images"),
    ],
)
def test_what_lies_in_its_place_is_named(tmp_path: Path, name: str, hint: str) -> None:
    """A workbook or archive of the same name leads to the cure."""
    root = touch(tmp_path / "set", name)
    with pytest.raises(EnvironmentProblem, match=r"labels.csv not found") as caught:
        find_beside(root, ("labels.csv",))
    assert hint in caught.value.hint


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    """A folder called like the table is passed over."""
    root = touch(tmp_path / "set", "labels.csv/a.png")
    (root / "labels.csv.gz").write_bytes(gzip.compress(b"image,label\n", mtime=0))
    assert find_beside(root, ("labels.csv",)) == root / "labels.csv.gz"
