"""Rows and files: the longest common tail of their paths, and what may be spelled otherwise."""

import random
import unicodedata

import pytest

from medtui.datasets.files.matching import match_files


def files_of(names: list[str], files: list[str]) -> dict[str, str]:
    """Return the file of each name that has one."""
    return {names[row]: file for row, file in match_files(names, sorted(files)).pairs}


STUDIES = [
    f"train/patient{patient:05d}/study{study}/view{view}.jpg"
    for patient in range(1, 5)
    for study in (1, 2)
    for view in (1, 2)
]
"""The layout of CheXpert: few file names, repeated in many folders."""


@pytest.mark.parametrize("above", ["CheXpert-v1.0-small/", "C:/data/", "./", "/mnt/x/y/"])
@pytest.mark.parametrize("root", ["", "CheXpert-v1.0/", "train/"])
def test_the_longest_common_tail_counts(above: str, root: str) -> None:
    """Each row gets its own file, wherever the root lies and whatever stood above the images."""
    rows = [above + study for study in STUDIES]
    files = [
        study.removeprefix("train/") if root == "train/" else root + study for study in STUDIES
    ]
    assert files_of(rows, files) == dict(zip(rows, files, strict=True))


def test_a_missing_file_is_not_replaced_by_another_patients() -> None:
    """With half of the files downloaded, the other rows get none: their views have equal names."""
    rows = [f"CheXpert-v1.0-small/{study}" for study in STUDIES]
    here = [study for study in STUDIES if "patient00001" in study]
    matches = match_files(rows, here)
    assert [rows[row].endswith(file) for row, file in matches.pairs] == [True] * len(here)
    assert len(matches.missing) == len(STUDIES) - len(here)


def test_one_file_for_many_rows_is_none_of_them() -> None:
    """Rows of different images that only fit one flat file are left out together."""
    matches = match_files(STUDIES, ["view1.jpg", "view2.jpg"])
    assert not matches.pairs
    assert len(matches.contended) == len(STUDIES)


def test_a_row_that_fits_several_files_gets_none() -> None:
    """The testing table of IDRiD does not take the training pictures of the same names."""
    files = ["a. Training Set/IDRiD_001.jpg", "b. Testing Set/IDRiD_001.jpg"]
    matches = match_files(["IDRiD_001", "b. Testing Set/IDRiD_001.jpg"], files)
    assert matches.ambiguous == ["IDRiD_001"]
    assert [file for _, file in matches.pairs] == [files[1]]


def test_the_path_from_the_root_wins_over_an_equal_tail() -> None:
    """`images/1.png` means the file of that very path, not a copy of the folder elsewhere."""
    found = files_of(["images/1.png"], ["images/1.png", "backup/images/1.png"])
    assert found == {"images/1.png": "images/1.png"}


def test_folders_may_differ_where_file_names_are_unique() -> None:
    """Images that were moved into other folders are found by their names."""
    rows = ["images_01/a.png", "images_02/b.png", "images_03/c.png"]
    files = ["0/a.png", "0/b.png", "1/c.png"]
    assert files_of(rows, files) == dict(zip(rows, files, strict=True))


@pytest.mark.parametrize(
    ("row", "file", "difference"),
    [
        (r"films\Film_1.png", "films/Film_1.png", ""),
        ("Film_1", "films/Film_1.png", ""),
        ("film_1.PNG", "films/Film_1.png", "the case of letters"),
        ("Film_1.jpg", "films/Film_1.JPG", "the case of letters"),
        ("Film_1.dcm", "films/Film_1.png", "the ending"),
        ("7", "films/00007.png", "the number of leading zeros"),
        ("7.0", "films/00007.png", "the number of leading zeros"),
        ("Müller.png", unicodedata.normalize("NFD", "Müller.png"), "the Unicode form of letters"),
    ],
)
def test_spellings_are_tried_and_counted(row: str, file: str, difference: str) -> None:
    """What must be disregarded is counted; slashes and a missing ending need no note."""
    matches = match_files([row], [file, "films/other_2.png"])
    assert matches.pairs == [(0, file)]
    assert dict(matches.weaker) == ({difference: 1} if difference else {})


def test_another_ending_never_takes_a_file_that_has_its_row() -> None:
    """`1.png` without a file does not share the file of the row `1.jpg`."""
    matches = match_files(["1.jpg", "1.png"], ["1.jpg"])
    assert matches.pairs == [(0, "1.jpg")]
    assert matches.missing == ["1.png"]


def test_spellings_of_one_image_are_told_from_different_images() -> None:
    """`1.png` and `IMAGES/1.PNG` are one image, named twice."""
    matches = match_files(["1.png", "IMAGES/1.PNG", r"images\1.png"], ["images/1.png"])
    assert [file for _, file in matches.pairs] == ["images/1.png"] * 3


def test_a_row_may_name_a_folder() -> None:
    """The layout of MURA: a row per study, several pictures in it."""
    folder = "XR_WRIST/patient{0}/study1_positive"
    files = [f"train/{folder.format(p)}/image{i}.png" for p in (1, 2) for i in (1, 2, 3)]
    rows = [f"MURA-v1.1/train/{folder.format(p)}/" for p in (1, 2, 3)]
    matches = match_files(rows, files)
    assert matches.pairs == [(at // 3, file) for at, file in enumerate(files)]
    assert matches.folders == rows[:2]
    assert matches.missing == rows[2:]


@pytest.mark.parametrize("seed", range(20))
def test_matches_depend_neither_on_order_nor_on_spelling(seed: int) -> None:
    """Any permutation, path style, case and extra files give each row the same file."""
    choose = random.Random(seed)
    rows, files = list(STUDIES), [*STUDIES, "notes/figure.png", "train/cover.jpg"]
    choose.shuffle(rows)
    choose.shuffle(files)
    styles = (str, str.upper, "CheXpert/{}".format, lambda row: row.replace("/", "\\"))
    spelled = [choose.choice(styles)(row) for row in rows]
    found = files_of(spelled, files)
    assert [found[spelling] for spelling in spelled] == rows
