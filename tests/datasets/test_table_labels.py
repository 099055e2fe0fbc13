"""What the cells of a table say: uncertain values, several rows an image, spellings of labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import Findings
from medtui.datasets.formats.label_columns import cell_value
from medtui.datasets.formats.label_names import in_order
from medtui.datasets.formats.repeated_rows import ImageRow, majority
from medtui.datasets.index import ImageIndex
from medtui.datasets.resolve import open_source
from medtui.preset import DataSettings
from tests.helpers.drawn_images import TABLE, draw, write_card

COLUMNS = """
task = "multi"
classes = ["Edema", "Mass"]
[table]
file = ["labels.csv"]
name_column = "image"
"""
LABELS = """
[table]
file = ["labels.csv"]
name_column = "image"
label_column = "label"
"""


def table(tmp_path: Path, card: str, rows: Sequence[str], header: str) -> DataSettings:
    """Write 24 images, a table and its card; return their settings."""
    root = tmp_path / "root"
    for number in range(24):
        draw(root / f"{number}.png", seed=number, mode="L")
    (root / "labels.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    return DataSettings(card=write_card(tmp_path, TABLE + card), root=str(root))


def onehot(tmp_path: Path, keys: str = "", value: str = "-1") -> DataSettings:
    """Return a set whose image 0 has an uncertain Edema and whose image 1 has an uncertain Mass."""
    rows = [f"0.png,{value},1", f"1.png,0.0,{value}"]
    rows += [f"{number}.png,{number % 2},{number // 2 % 2}" for number in range(2, 24)]
    return table(tmp_path, COLUMNS + keys, rows, "image,Edema,Mass")


def labels_of(index: ImageIndex) -> dict[str, list[int | None]]:
    """Return the labels of each image, None where one is unknown."""
    mask = np.ones(index.labels.shape, bool) if index.mask is None else index.mask
    return {
        name: [
            int(value) if known else None for value, known in zip(row, known_K, strict=True)
        ]
        for name, row, known_K in zip(index.names, index.labels, mask, strict=True)
    }  # fmt: skip


def ranks(findings: Findings) -> dict[str, str]:
    """Return the rank of each finding by its name."""
    return {each.name: each.rank for each in findings}


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [("negative", [0, 1], [0, 0]), ("positive", [1, 1], [0, 1]), ("ignore", [None, 1], [0, None])],
)
def test_uncertain_values_are_read_by_the_cards_rule(
    tmp_path: Path, rule: str, first: list[int | None], second: list[int | None]
) -> None:
    """The image stays, with the label negative, positive or unknown."""
    index = open_source(onehot(tmp_path, f'uncertain = "{rule}"')).index
    labels = labels_of(index)
    assert (labels["0.png"], labels["1.png"]) == (first, second)
    assert len(index) == 24
    assert ranks(index.findings)["uncertain-labels"] == "note"


@pytest.mark.parametrize("value", ["-1", "-1.0", "nan", "NA", "U", "unknown"])
def test_without_a_rule_uncertain_rows_are_left_out_with_the_reason(
    tmp_path: Path, value: str
) -> None:
    """The finding counts per class, names rows and the key; their files are not called rowless."""
    index = open_source(onehot(tmp_path, value=value)).index
    assert len(index) == 22
    found = {each.name: each for each in index.findings}
    assert found["uncertain-labels"].rank == "warning"
    sentence = found["uncertain-labels"].sentence
    assert all(word in sentence for word in ("Edema 1", "Mass 1", "0.png", "table.uncertain"))
    assert "files-without-row" not in found


def test_most_rows_uncertain_without_a_rule_is_an_error(tmp_path: Path) -> None:
    """What is left would not be the published set."""
    rows = [f"{number}.png,{-1 if number % 3 else 1},{number % 2}" for number in range(24)]
    settings = table(tmp_path, COLUMNS, rows, "image,Edema,Mass")
    assert ranks(open_source(settings).index.findings)["uncertain-labels"] == "error"


def test_masks_belong_to_the_digest(tmp_path: Path) -> None:
    """An unknown label is not a negative one; without unknown labels the rule changes nothing."""
    digests = {
        rule: open_dataset(onehot(tmp_path, f'uncertain = "{rule}"')).digest
        for rule in ("ignore", "negative")
    }
    assert digests["ignore"] != digests["negative"]
    known = [
        open_dataset(onehot(tmp_path, key, value="1")).digest
        for key in ("", 'uncertain = "ignore"')
    ]
    assert known[0] == known[1]


def test_splits_keep_their_masks(tmp_path: Path) -> None:
    """An unknown label stays with its image; a split without any has no mask."""
    dataset = open_dataset(onehot(tmp_path, 'uncertain = "ignore"'))
    unknown = {
        name: np.flatnonzero(~known_K).tolist()
        for split in dataset.splits
        if split.mask is not None
        for name, known_K in zip(split.names, split.mask, strict=True)
        if not known_K.all()
    }
    assert unknown == {"0.png": [0], "1.png": [1]}
    assert any(split.mask is None for split in dataset.splits)


def test_a_cell_that_is_no_label_makes_its_row_unusable(tmp_path: Path) -> None:
    """The finding states column, value and the end of a long name."""
    path = "a/very/long/folder/that/all/paths/begin/with/0.png"
    rows = [f"{path},5,1", *(f"{number}.png,{number % 2},1" for number in range(1, 24))]
    found = open_source(table(tmp_path, COLUMNS, rows, "image,Edema,Mass")).index.findings
    (sentence,) = [each.sentence for each in found if each.name == "unusable-rows"]
    assert "Edema is `5`, neither 0 nor 1" in sentence
    assert "begin/with/0.png" in sentence
    assert "a/very" not in sentence


def test_cells_of_columns_are_numbers_or_words() -> None:
    """Spreadsheets of several languages and libraries write the same value in many ways."""
    assert {cell_value(cell) for cell in ("1", "1.00", "1,0", "TRUE", " yes ")} == {"positive"}
    assert {cell_value(cell) for cell in ("", "0", "0.0", "-0", "False", "n")} == {"negative"}
    assert {cell_value(cell) for cell in ("-1", "-1,0", "NaN", "u")} == {"uncertain"}
    assert {cell_value(cell) for cell in ("2", "0.5", "maybe")} == {None}


def long_table(tmp_path: Path, card: str) -> DataSettings:
    """Return a set of one row per finding: of image 0 by three raters, of the others by one."""
    rows = [
        "0.png,Edema,R1", "0.png,Edema,R1", "0.png,Mass,R1", "0.png,Mass,R2", "0.png,none,R3",
        *(f"{number}.png,{('Edema', 'Mass')[number % 2]},R1" for number in range(1, 24)),
    ]  # fmt: skip
    return table(tmp_path, card, rows, "image,label,rater")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", [1, 1]),
        ('rows = "any"', [1, 1]),
        ('rows = "first"', [1, 0]),
        ('rows = "majority"', [0, 0]),
        ('rows = "majority"\nrater_column = "rater"', [0, 1]),
    ],
)
def test_rows_of_an_image_are_united(tmp_path: Path, keys: str, expected: list[int]) -> None:
    """By default any row counts; a majority is one of raters, not of boxes."""
    card = f'task = "multi"\n{LABELS}none_label = "none"\n{keys}'
    index = open_source(long_table(tmp_path, card)).index
    assert labels_of(index)["0.png"] == expected
    assert ranks(index.findings)["repeated-rows"] == "note"
    assert "contradicting-rows" not in ranks(index.findings)


def test_contradictions_of_single_labels_are_reported(tmp_path: Path) -> None:
    """One image of 24 is a warning, and the first row counts; many are an error."""
    rows = [f"{number}.png,{'ab'[number % 2]}" for number in range(24)]
    few = open_source(table(tmp_path, LABELS, [*rows, "0.png,b"], "image,label")).index
    assert few.labels[few.names.index("0.png")] == 0
    assert ranks(few.findings)["contradicting-rows"] == "warning"
    more = [f"{number}.png,b" for number in range(0, 8, 2)]
    many = open_source(table(tmp_path, LABELS, [*rows, *more], "image,label")).index
    assert ranks(many.findings)["contradicting-rows"] == "error"


def test_a_row_with_another_patient_contradicts(tmp_path: Path) -> None:
    """Another spelling of the patient, or none, does not."""
    rows = [f"{number}.png,{'ab'[number % 2]},{number // 2}" for number in range(24)]
    card = f'{LABELS}patient_column = "patient"\n'
    header = "image,label,patient"
    same = table(tmp_path, card, [*rows, "0.png,a,0.0", "2.png,a,NA"], header)
    assert "contradicting-rows" not in ranks(open_source(same).index.findings)
    other = open_source(table(tmp_path, card, [*rows, "0.png,a,99"], header)).index
    (found,) = [each for each in other.findings if each.name == "contradicting-rows"]
    assert found.rank == "warning"
    assert "contradict each other in the patient" in found.sentence


def test_raters_to_whom_a_label_is_unknown_do_not_vote() -> None:
    """It is unknown where no rater knows it."""
    rows = [
        ImageRow("x", ("a",), frozenset("b")),
        ImageRow("x", (), frozenset({"a", "b"})),
        ImageRow("x", ("a", "c")),
    ]
    assert majority(rows) == (("a",), frozenset())
    assert majority(rows[:2]) == (("a",), frozenset("b"))


def test_the_label_for_none_yields_to_a_finding(tmp_path: Path) -> None:
    """Beside another label it is contradicted: the finding counts, with a warning."""
    rows = ["0.png,none|a", *(f"{number}.png,{('a', 'none')[number % 2]}" for number in range(24))]
    card = f'classes = ["none", "a"]\ntask = "multi"\n{LABELS}none_label = "none"\n'
    index = open_source(table(tmp_path, card, rows, "image,label")).index
    assert labels_of(index)["0.png"] == [0, 1]
    assert labels_of(index)["1.png"] == [1, 0]
    assert ranks(index.findings)["none-label-contradicted"] == "warning"


SPELLED = [f"{number}.png,{('Benign', 'malignant ', 'BENIGN')[number % 3]}" for number in range(24)]


def test_spellings_of_labels_are_an_error(tmp_path: Path) -> None:
    """The finding lists them with their counts."""
    found = open_source(table(tmp_path, LABELS, SPELLED, "image,label")).index.findings
    (spelling,) = [each for each in found if each.name == "class-spelling"]
    assert spelling.rank == "error"
    assert "`BENIGN` (8) = `Benign` (8)" in spelling.sentence


def test_spellings_are_read_as_the_cards_classes(tmp_path: Path) -> None:
    """A card that names its classes has decided."""
    card = f'classes = ["benign", "malignant"]\n{LABELS}'
    index = open_source(table(tmp_path, card, SPELLED, "image,label")).index
    assert np.bincount(index.labels).tolist() == [16, 8]
    assert ranks(index.findings)["labels-respelled"] == "note"
    assert "class-spelling" not in ranks(index.findings)


def test_words_for_a_missing_label_are_no_class(tmp_path: Path) -> None:
    """Their rows are left out with a warning; `none` may be a class, and is an error."""
    rows = [f"{number}.png,{('a', 'b', 'NA')[number % 3]}" for number in range(24)]
    index = open_source(table(tmp_path, LABELS, rows, "image,label")).index
    assert index.classes == ("a", "b")
    assert len(index) == 16
    assert ranks(index.findings)["missing-labels"] == "warning"
    words = [row.replace("NA", "none") for row in rows]
    ambiguous = open_source(table(tmp_path, LABELS, words, "image,label")).index
    assert ranks(ambiguous.findings)["missing-labels"] == "error"
    card = f'classes = ["none", "a", "b"]\n{LABELS}'
    named = open_source(table(tmp_path, card, words, "image,label")).index
    assert np.bincount(named.labels).tolist() == [8, 8, 8]


def test_whole_numbers_are_in_numeric_order() -> None:
    """As text, 10 would stand between 1 and 2."""
    assert in_order(["10", "2", "1.0", "0"]) == ("0", "1.0", "2", "10")
    assert in_order(["10 mm", "2 mm"]) == ("10 mm", "2 mm")


def test_a_lesion_column_serves_as_the_patient(tmp_path: Path) -> None:
    """HAM10000 has no patients; images of one lesion share a split."""
    rows = [f"{number}.png,{'ab'[number // 2 % 2]},HAM_{number // 2:07d}" for number in range(24)]
    card = f'{LABELS}patient_column = "lesion_id"\n'
    source = open_source(table(tmp_path, card, rows, "image,label,lesion_id"))
    assert source.has_patients
    assert len(set(source.index.patients or [])) == 12
