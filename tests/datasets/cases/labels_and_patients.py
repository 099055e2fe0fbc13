"""Cells of tables: spellings of classes and of patients, several rows an image, official splits."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.datasets.cases.case import Case, picture
from tests.datasets.cases.drawn_tables import (
    CARD,
    HEADER,
    TWO,
    answers,
    draw_images,
    two_classes,
    write_csv,
)

Spell = Callable[[int, str], str]


def _case(
    root: Path, label: Spell = lambda _, cell: cell, patient: Spell = lambda _, cell: cell
) -> Case:
    """Draw 40 images of 10 patients whose cells are spelled by two rules."""
    rows = two_classes(40, per_patient=4)
    draw_images(root / "images", (row[0] for row in rows))
    spelled = [(name, label(at, one), patient(at, two)) for at, (name, one, two) in enumerate(rows)]
    write_csv(root / "labels.csv", HEADER, spelled)
    return Case(root, answers(rows), TWO)


def spellings_of_classes(root: Path) -> Case:
    """`benign`, `Benign`, `BENIGN` and `benign ` mean one class."""
    ways: tuple[Callable[[str], str], ...] = (str.lower, str.title, str.upper, "{} ".format)
    case = _case(root, label=lambda at, cell: ways[at % 4 if at % 8 < 4 else 0](cell))
    return replace(case, pictures={}, classes=None, refusal="class-spelling")


def classes_as_decimals(root: Path) -> Case:
    """`0` and `0.0`, as pandas writes a column of whole numbers once a cell is empty."""
    case = _case(root, label=lambda at, cell: f"{TWO.index(cell)}{'.0' if at % 3 == 0 else ''}")
    return replace(case, pictures={}, classes=None, refusal="class-spelling")


def twelve_numbers(root: Path) -> Case:
    """Whole numbers as classes are in numeric order."""
    rows = [(f"img_{at:03d}.png", str(at % 12), str(at // 2)) for at in range(60)]
    draw_images(root / "images", (row[0] for row in rows))
    write_csv(root / "labels.csv", HEADER, rows)
    return Case(root, answers(rows), tuple(str(number) for number in range(12)))


def patients_as_decimals(root: Path) -> Case:
    """`12` and `12.0` are one patient."""
    return _case(root, patient=lambda at, cell: f"{cell}{'.0' if at % 2 else ''}")


def patients_in_other_case(root: Path) -> Case:
    """`P012` and `p012` are one patient."""
    return _case(root, patient=lambda at, cell: f"{'Pp'[at % 2]}{int(cell):03d}")


def patients_not_known(root: Path) -> Case:
    """NA, nan, none, unknown, - and ? name no patient."""
    words = ("NA", "nan", "None", "unknown", "-", "?")
    case = _case(root, patient=lambda at, cell: words[at % 6] if at % 4 else cell)
    pictures = {
        name: truth if at % 4 == 0 else replace(truth, patient="")
        for at, (name, truth) in enumerate(case.pictures.items())
    }
    return replace(case, pictures=pictures)


def patients_in_scientific_notation(root: Path) -> Case:
    """Excel wrote `1.23E+10` for numbers that it cut."""
    case = _case(root, patient=lambda _, cell: f"1.{int(cell) % 3}E+10")
    return replace(case, pictures={}, classes=None, refusal="scientific-patients")


def row_repeated_with_another_patient(root: Path) -> Case:
    """Two rows of an image contradict each other in the patient; the first row is used."""
    case = _case(root)
    with (root / "labels.csv").open("a", encoding="utf-8") as table:
        table.write("img_000.png,benign,500\r\nimg_010.png,benign,505\r\n")
    return replace(case, findings=frozenset({"contradicting-rows"}))


def split_column(root: Path) -> Case:
    """A column of train, validate and test is the official split."""
    words = ("train", "train", "train", "validate", "test")
    rows = [(*row, words[at // 2 % 5]) for at, row in enumerate(two_classes(40))]
    draw_images(root / "images", (row[0] for row in rows))
    write_csv(root / "labels.csv", (*HEADER, "split"), rows)
    pictures = {
        f"images/{name}": picture(label, patient, {"validate": "val"}.get(split, split))
        for name, label, patient, split in rows
    }
    return Case(root, pictures, TWO)


LONG = CARD.format(format="table") + (
    'task = "multi"\nclasses = ["Cardiomegaly", "Mass", "Thickening"]\n'
    '[table]\nfile = ["train.csv"]\nname_column = "image_id"\nlabel_column = "class_name"\n'
    'none_label = "No finding"\nrows = "any"\n'
)


def three_readers(root: Path) -> Case:
    """VinDr-CXR: a row per finding and reader; an image has the labels of all its rows."""
    findings = ("Cardiomegaly", "Mass", "Thickening")
    rows, pictures = [], {}
    for at in range(30):
        name = f"{at * 7919:032x}"
        labels = [label for bit, label in enumerate(findings) if at >> bit & 1]
        seen = labels or ["No finding"]
        rows += [(name, seen[reader % len(seen)], f"R{reader}") for reader in range(3)]
        pictures[f"train/{name}.png"] = picture(labels)
    random.Random(0).shuffle(rows)
    draw_images(root, pictures)
    write_csv(root / "train.csv", ("image_id", "class_name", "rad_id"), rows)
    return Case(root, pictures, findings, LONG)


LISTS = CARD.format(format="table") + (
    'task = "multi"\nclasses = ["cardiomegaly", "copd signs", "pleural effusion"]\n'
    '[table]\nfile = ["labels.csv"]\nname_column = "ImageID"\nlabel_column = "Labels"\n'
    'none_label = "normal"\npatient_column = "PatientID"\n'
)


def lists_as_text(root: Path) -> Case:
    """PadChest: `['copd signs', 'cardiomegaly']`, a Python list in a cell."""
    findings = ("cardiomegaly", "copd signs", "pleural effusion")
    rows, pictures = [], {}
    for at in range(32):
        name = f"{2163960 + at}_{at:03d}.png"
        labels = [label for bit, label in enumerate(findings) if at >> bit & 1]
        rows.append((name, str(at % 3), f"{1000 + at // 2}", str(labels or ["normal"])))
        pictures[f"{at % 3}/{name}"] = picture(labels, at // 2)
    draw_images(root, pictures)
    write_csv(root / "labels.csv", ("ImageID", "ImageDir", "PatientID", "Labels"), rows)
    return Case(root, pictures, findings, LISTS)


CASES = (
    spellings_of_classes,
    classes_as_decimals,
    twelve_numbers,
    patients_as_decimals,
    patients_in_other_case,
    patients_not_known,
    patients_in_scientific_notation,
    row_repeated_with_another_patient,
    split_column,
    three_readers,
    lists_as_text,
)
