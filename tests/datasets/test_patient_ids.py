"""Patients from columns and patterns: one person under one name, and no name for many."""

from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.index import ImageIndex
from medtui.datasets.patient_ids import patients_by_column, patients_by_pattern, share_findings
from medtui.datasets.resolve import OTHER_UNIT, open_source
from medtui.preset import DataSettings
from tests.helpers.drawn_images import TABLE, draw, write_card


def names(count: int) -> list[str]:
    """Return file names."""
    return [f"{number}.png" for number in range(count)]


@pytest.mark.parametrize(
    "spellings",
    [
        ("12", "12.0", "00012", " 12 ", "12,0"),
        ("P012", "p012", " P012"),
        ("M\u00fcller  1", "Mu\u0308ller 1", "m\u00fcller 1"),
    ],
)
def test_spellings_of_one_patient_are_united(spellings: tuple[str, ...]) -> None:
    """Decimals, leading zeros, case, blanks and Unicode forms make no other patient."""
    patients, findings = patients_by_column([*spellings, "other"], names(len(spellings) + 1))
    assert patients is not None
    assert len(set(patients)) == 2
    assert not findings


def test_a_single_spelling_is_kept() -> None:
    """Patients that are spelled one way keep it, so digests of earlier versions stay."""
    assert patients_by_column(["P012", "P013"], names(2))[0] == ["P012", "P013"]


@pytest.mark.parametrize("word", ["NA", "nan", "None", "null", "unknown", "-", "?", " ", "N/A"])
def test_words_for_a_missing_value_are_no_patient(word: str) -> None:
    """Each of their images is a patient of its own, and is counted."""
    patients, findings = patients_by_column([word, word, "7"], names(3))
    assert patients == ["0.png", "1.png", "7"]
    assert [each.name for each in findings] == ["images-without-patient"]
    assert patients_by_column([word, word], names(2)) == (None, ())


@pytest.mark.parametrize("cell", ["1.2345E+10", "1,23e+10", "1E+10"])
def test_scientific_notation_is_an_error(cell: str) -> None:
    """Excel cuts long numbers: many patients become one."""
    _, findings = patients_by_column([cell, "7"], names(2))
    assert [(each.name, each.rank) for each in findings] == [("scientific-patients", "error")]
    assert not patients_by_column(["3e5", "12e10"], names(2))[1]  # hexadecimal, as hashes are


@pytest.mark.parametrize(
    ("pattern", "files", "expected"),
    [
        (r"patient(\d+)", ["train/patient00007/study1/view1.jpg"], "00007"),
        (r"p(\d+)", ["files/p10/p10000032/s50414267/02aa804e.jpg"], "10000032"),
        (r"XR_\w+/patient(\d+)", ["XR_ELBOW/patient00011/study1_negative/image1.png"], "00011"),
        (r"^(C\d+)", ["Parasitized/C100P61_1.png"], "C100"),
        (r"(?:P)\d+", ["x/P7_1.png"], "P7"),
    ],
)
def test_the_pattern_is_searched_in_name_folders_and_path(
    pattern: str, files: list[str], expected: str
) -> None:
    """The innermost part that fits names the patient."""
    assert patients_by_pattern(pattern, files) == ([expected], ())


def test_a_pattern_is_searched_in_the_file_where_the_name_is_shorter() -> None:
    """Tables may list bare names of files in folders of patients."""
    found, _ = patients_by_pattern(r"patient(\d+)", ["a.png"], ["patient3/a.png"])
    assert found == ["3"]


def test_alternatives_of_a_pattern_do_not_meet() -> None:
    """Neither branch is None, and person 1 is not IM-1."""
    pattern = r"person(\d+)_|IM-(\d+)-"
    found, findings = patients_by_pattern(
        pattern, ["person1_virus_3.jpeg", "IM-1-0001.jpeg", "IM-1-0002.jpeg", "person1_bac.jpeg"]
    )
    assert found == ["1", "2:1", "2:1", "1"]
    assert not findings
    named, _ = patients_by_pattern(r"a(\d+)|b(?P<second>\d+)", ["a1", "b1"])
    assert named == ["1", "second:1"]


def test_an_empty_group_is_no_patient() -> None:
    """A pattern that can match nothing would make one patient of all images."""
    found, findings = patients_by_pattern(r"^(\d*)", ["a.png", "7.png"])
    assert found == ["a.png", "7"]
    assert [each.name for each in findings] == ["images-without-patient"]


def test_a_pattern_that_fits_nothing_is_reported() -> None:
    """The card asks for groups that cannot be made; the images are divided one by one."""
    found, findings = patients_by_pattern(r"patient(\d+)", ["a.png", "b.png"])
    assert found is None
    assert [(each.name, each.rank) for each in findings] == [("no-patient-matches", "warning")]


def index(patients: list[str], labels: list[int]) -> ImageIndex:
    """Return an index of two classes."""
    return ImageIndex(
        classes=("a", "b"), task="single", channels=1, size=8, names=names(len(labels)),
        labels=np.array(labels, np.int64), patients=patients, files=names(len(labels)),
    )  # fmt: skip


def test_a_patient_with_most_images_is_an_error() -> None:
    """Of the whole set, or of a class."""
    (whole,) = share_findings(index(["1"] * 7 + ["2"] * 5, [0, 1] * 6))
    assert (whole.name, whole.rank) == ("dominant-patient", "error")
    assert "patient 1 holds 7 of all 12 images" in whole.sentence
    others = [str(number) for number in range(2, 26)]
    (of_class,) = share_findings(index(["1"] * 8 + others, [1] * 12 + [0] * 20))
    assert (of_class.name, of_class.rank) == ("dominant-patient", "error")
    assert "patient 1 holds 8 of 12 images of b" in of_class.sentence


def test_a_patient_with_a_tenth_of_the_images_is_a_note() -> None:
    """Nothing is wrong with it; a reader may want to know."""
    others = [str(number) for number in range(2, 22)]
    (found,) = share_findings(index([*["1"] * 5, *others], [0, 1] * 12 + [0]))
    assert (found.name, found.rank) == ("large-patients", "note")
    assert not share_findings(index([str(number) for number in range(25)], [0] * 25))


@pytest.mark.parametrize(
    ("column", "unit"),
    [("lesion_id", "lesion"), ("StudyInstanceUID", "study"), ("Patient Study", ""), ("pid", "")],
)
def test_a_column_of_lesions_does_not_name_patients(column: str, unit: str, tmp_path: Path) -> None:
    """A person may have several lesions, so whoever reads of patients is told what they are."""
    root = tmp_path / "films"
    rows = [f"image,label,{column}"]
    for number in range(12):
        draw(root / f"{number:02d}.png", seed=number, mode="L")
        rows.append(f"{number:02d}.png,{'ab'[number % 2]},{number // 2}")
    (root / "films.csv").write_text("\n".join(rows) + "\n")
    card = write_card(
        tmp_path,
        f'{TABLE}\n[table]\nfile = ["films.csv"]\nname_column = "image"\nlabel_column = "label"\n'
        f'patient_column = "{column}"\n',
    )
    source = open_source(DataSettings(card=card, root=str(root)))
    assert source.has_patients
    found = [each.sentence for each in source.findings if each.name == OTHER_UNIT]
    assert bool(found) == bool(unit)
    assert all(f"the column {column} does not name patients" in each for each in found)
    assert all(f"({unit})" in each for each in found)
