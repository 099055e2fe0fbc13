"""Cells with several labels: joined, written as lists, cut, and joined by something else."""

import pytest

from medtui.datasets.tables.label_cell import find_other_separator, split_labels


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("Edema|Mass", ["Edema", "Mass"]),
        (" Edema | ", ["Edema"]),
        ("", []),
        ("['cardiomegaly', 'pleural effusion']", ["cardiomegaly", "pleural effusion"]),
        ('["cardiomegaly"]', ["cardiomegaly"]),
        ("[' normal']", ["normal"]),
        ("[]", []),
        ("['']", []),
        ("['normal', nan]", ["normal"]),
        ("[nan]", []),
        ("[edema, mass]", ["edema", "mass"]),
        ("{'edema', 'mass'}", ["edema", "mass"]),
        ("{edema,mass}", ["edema", "mass"]),
        ("('edema',)", ["edema"]),
        ("['edema' 'mass']", ["edema", "mass"]),
        ("['edema'\n 'mass']", ["edema", "mass"]),
        ("""["Crohn's disease", 'b']""", ["Crohn's disease", "b"]),
        (r"['Crohn\'s disease']", ["Crohn's disease"]),
        ("['a|b']", ["a|b"]),
        ("['nevus, benign', 'melanoma']", ["nevus, benign", "melanoma"]),
        ("[1, 0]", ["1", "0"]),
        ("(benign)", ["(benign)"]),
        ("[ICD 10] J18|[ICD 10] J90", ["[ICD 10] J18", "[ICD 10] J90"]),
        ("[a]|[b]", ["[a]", "[b]"]),
    ],
)
def test_cells(cell: str, labels: list[str]) -> None:
    """Joined labels and lists give the same labels."""
    assert split_labels(cell, "|") == labels


@pytest.mark.parametrize(
    "cell", ["['edema', 'ma", "['edema', 'mass'", "[edema, ma", "['edema'mass']"]
)
def test_a_cut_list_has_no_labels(cell: str) -> None:
    """A list that was cut, or cannot be read for sure, is unusable rather than half read."""
    assert split_labels(cell, "|") is None


def test_labels_joined_by_another_separator_are_noticed() -> None:
    """Labels that also occur alone are joined; a name with a comma is no two labels."""
    found = find_other_separator(["COVID-19", "ARDS", "COVID-19, ARDS", "COVID-19, ARDS"], "|")
    assert found is not None
    assert (found.separator, found.example, found.num_cells) == (",", "COVID-19, ARDS", 2)
    assert find_other_separator(["Nevus, benign", "Nevus, atypical", "Melanoma"], "|") is None
    assert find_other_separator(["A", "B", "A, B"], "|", classes=["A", "B", "A, B"]) is None
    assert find_other_separator(["A", "B", "A, B"], ",") is None
    pairs = find_other_separator(["edema;mass", "mass;nodule", "nodule;edema"], "|")
    assert pairs is not None
    assert pairs.separator == ";"
