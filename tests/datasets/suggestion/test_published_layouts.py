"""Layouts of published sets whose parts, headers or names need more than one plain table."""

from pathlib import Path

from medtui.datasets.suggestion.analysis import suggest
from medtui.datasets.summary import summarise_dataset
from medtui.preset import DataSettings
from medtui.protocol.suggestion import Choices, Suggestion
from tests.datasets.suggestion.conftest import Write
from tests.helpers.drawn_images import write_card


def answer(found: Suggestion, key: str) -> str:
    """Return what was chosen for a key."""
    return next(each.chosen for each in found.questions if each.key == key)


def counts(found: Suggestion, root: Path, folder: Path) -> list[int]:
    """Return the sizes of the splits under the suggested card."""
    assert found.card, found.problem
    card = write_card(folder, found.card)
    summary = summarise_dataset(DataSettings(card=card, root=str(root)))
    return [split.num_images for split in summary.splits]


def test_a_table_in_each_part(write: Write, tmp_path: Path) -> None:
    """Tables of the same columns for other images are read together; their folders are parts."""
    sizes = {"train": 12, "valid": 4, "test": 4}
    texts = {
        f"{part}/_classes.csv": "filename, Normal, Pneumonia\n"
        + "".join(f"{part}{n}.png, {n % 2}, {(n + 1) % 2}\n" for n in range(size))
        for part, size in sizes.items()
    }
    root = write((f"{p}/{p}{n}.png" for p, size in sizes.items() for n in range(size)), **texts)
    found = suggest(root, "x")
    assert (found.classes, found.positive) == (["Normal", "Pneumonia"], "Pneumonia")
    assert answer(found, "split") == "folders"
    assert counts(found, root, tmp_path) == [12, 4, 4]


def test_a_split_column(write: Write, tmp_path: Path) -> None:
    """Its values mean train, val and test."""
    parts = ["train"] * 12 + ["validate"] * 4 + ["test"] * 4
    rows = [f"{n}.png,{'ab'[n % 2]},{part}" for n, part in enumerate(parts)]
    root = write(
        (f"{n}.png" for n in range(20)),
        **{"labels.csv": "\n".join(["image,label,fold", *rows])},
    )
    found = suggest(root, "x")
    assert answer(found, "split") == "fold"
    assert counts(found, root, tmp_path) == [12, 4, 4]
    assert "split_column" not in suggest(root, "x", Choices(split="none")).card


def test_a_table_without_a_header(write: Write, tmp_path: Path) -> None:
    """Its first row names a file: columns are numbered, and the first image is kept."""
    rows = [f"set/p{n // 2}/image{n}.png,{n % 4 // 2}" for n in range(20)]
    root = write((f"p{n // 2}/image{n}.png" for n in range(20)), **{"train.csv": "\n".join(rows)})
    found = suggest(root, "x")
    assert "header = false" in found.card
    assert (answer(found, "image"), answer(found, "label")) == ("1", "2")
    assert sum(counts(found, root, tmp_path)) == 20


def test_the_patient_is_preferred_to_the_lesion(write: Write) -> None:
    """Images of a patient's other lesions stay in the same split."""
    rows = [
        f"PAT_{n // 4},{n // 2},{'True' if n % 3 else 'False'},{'ab'[n % 2]},PAT_{n}.png"
        for n in range(24)
    ]
    root = write(
        (f"PAT_{n}.png" for n in range(24)),
        **{"metadata.csv": "\n".join(["patient_id,lesion_id,smoke,diagnostic,img_id", *rows])},
    )
    found = suggest(root, "skin")
    assert (answer(found, "image"), answer(found, "patient")) == ("img_id", "patient_id")
    assert answer(found, "label") == "diagnostic"


def test_patches_whose_names_no_column_has(write: Write) -> None:
    """`slide` contains "id" and names nothing: there is no card, and a pair of names is shown."""
    rows = [f"{n},00{n % 3},4,{n % 2},{n % 5},{n % 2}" for n in range(12)]
    root = write(
        (f"patches/patient_00{n % 3}_node_4/patch_x_{3000 + n}.png" for n in range(12)),
        **{"metadata.csv": "\n".join([",patient,node,tumor,slide,split", *rows])},
    )
    found = suggest(root, "x")
    assert found.card == ""
    assert found.problem.startswith("Which folders") or "names none of them" in found.problem


def test_mostly_unknown_diagnoses_beside_a_target(write: Write) -> None:
    """Both may be the labels; the words of the target are offered with its numbers."""
    rows = [
        f"i{n},{'nevus' if n % 4 == 0 else 'unknown'},{words},{number}"
        for n in range(24)
        for words, number in [("benign", 0) if n % 3 else ("malignant", 1)]
    ]
    root = write(
        (f"i{n}.png" for n in range(24)),
        **{"train.csv": "\n".join(["image_name,diagnosis,benign_malignant,target", *rows])},
    )
    found = suggest(root, "x")
    assert found.problem == "Which column has the labels: diagnosis or benign_malignant?"
    named = suggest(root, "x", Choices(label=["target"]))
    assert (named.classes, named.positive) == (["0", "1"], "1")


def test_patients_in_folder_names(write: Write) -> None:
    """A pattern that fits every path groups the images where no column does."""
    rows = [
        f"small/train/patient{n // 2:05d}/study1/view{n % 2}.png,1.0,{n % 4 // 2}"
        for n in range(24)
    ]
    root = write(
        (f"train/patient{n // 2:05d}/study1/view{n % 2}.png" for n in range(24)),
        **{"train.csv": "\n".join(["Path,No Finding,Edema", *rows])},
    )
    found = suggest(root, "x")
    assert answer(found, "patient") == "pattern"
    assert found.num_images == 24
    assert r"patient[-_ ]?(\\d+)" in found.card + found.refused_card
