"""Which table, image column, labels, patients and split are suggested, and when none is."""

from pathlib import Path

import pytest

from medtui.datasets.suggestion.analysis import suggest
from medtui.datasets.summary import summarise_dataset
from medtui.errors import UsageError
from medtui.preset import DataSettings
from medtui.protocol.suggestion import Choices, Question, Suggestion
from tests.datasets.suggestion.conftest import Write
from tests.helpers.drawn_images import write_card

FILMS = [f"{number:03d}.png" for number in range(24)]


def table(header: str, *columns: str) -> str:
    """Return a CSV table of the films: `{n}` is the film's number, `{n%3}` a choice of three."""
    rows = [
        ",".join(
            column.format(name=f"{n:03d}", n=n, half=n // 2, two=n % 2, three=n % 3, ab="ab"[n % 2])
            for column in columns
        )
        for n in range(24)
    ]
    return "\n".join([header, *rows]) + "\n"


def question(found: Suggestion, key: str) -> Question:
    """Return the question about a key."""
    return next(each for each in found.questions if each.key == key)


def chosen(found: Suggestion) -> dict[str, str]:
    """Return the answers."""
    return {each.key: each.chosen for each in found.questions}


def test_the_table_that_names_most_files_is_used(write: Write) -> None:
    """A box list that comes first in the alphabet describes half of the films."""
    boxes = "\n".join(table("Image Index,Finding Label", "{name}.png", "{ab}").splitlines()[:12])
    entries = table(
        "Image Index,Finding Labels,Patient ID,Patient Age", "{name}.png", "{ab}|c", "{half}", "60"
    )
    root = write(FILMS, **{"BBox.csv": boxes, "Data_Entry.csv": entries})
    found = suggest(root, "films")
    assert chosen(found)["table"] == "Data_Entry.csv"
    assert "# other table: BBox.csv, 11 of 24 images here have a row" in found.card
    assert "24 of 24 images have a row" in found.card
    assert chosen(found)["patient"] == "Patient ID"


def test_a_submission_form_is_no_table_of_labels(write: Write) -> None:
    """Its labels are all 0, and its images are those of the test part."""
    train = "\n".join(table("id_code,diagnosis", "{name}", "{three}").splitlines()[:17])
    form = "id_code,diagnosis\n" + "".join(f"{n:03d},0\n" for n in range(16, 24))
    root = write(FILMS, **{"sample_submission.csv": form, "train.csv": train})
    found = suggest(root, "eyes")
    assert (chosen(found)["table"], found.classes) == ("train.csv", ["0", "1", "2"])


def test_several_label_columns_are_refused_with_their_counts(write: Write, tmp_path: Path) -> None:
    """No card until one is named; with it, the card opens the images."""
    root = write(
        FILMS,
        **{"list.csv": table("ImageID,MethodLabel,Labels", "{name}.png", "m{two}", "f{three}")},
    )
    found = suggest(root, "films")
    assert found.card == ""
    assert found.problem == "Which column has the labels: Labels or MethodLabel?"
    assert found.hint == "Write --label Labels or --label MethodLabel"
    counts = {each.value: each.counts for each in question(found, "label").candidates}
    assert counts == {"Labels": {"f0": 8, "f1": 8, "f2": 8}, "MethodLabel": {"m0": 12, "m1": 12}}
    named = suggest(root, "films", Choices(label=["Labels"]))
    assert named.classes == ["f0", "f1", "f2"]
    card = write_card(tmp_path, named.card)
    assert summarise_dataset(DataSettings(card=card, root=str(root))).classes == ("f0", "f1", "f2")


def test_the_image_column_is_found_by_its_values(write: Write) -> None:
    """Neither `image view` nor `patient_id`, whose names come first, names a file."""
    root = write(
        FILMS,
        **{
            "cases.csv": table(
                "patient_id,image view,pathology,image file path",
                "P_{half}",
                "CC",
                "{ab}",
                "old/place/{name}.png",
            )
        },
    )
    found = suggest(root, "breast")
    assert chosen(found)["image"] == "image file path"
    assert chosen(found)["patient"] == "patient_id"


def test_one_hot_columns_are_classes(write: Write) -> None:
    """Each image has one: single-label; a column without a 1 is left out and told of."""
    root = write(
        FILMS,
        **{
            "truth.csv": table("image,MEL,NV,UNK", "{name}", "{two}.0", "1.0", "0.0").replace(
                "1.0,1.0", "1.0,0.0"
            )
        },
    )
    found = suggest(root, "skin")
    assert (found.classes, found.task) == (["MEL", "NV"], "single")
    assert chosen(found)["label"] == "MEL:UNK"
    assert "columns without a single 1: UNK" in found.card


def test_several_findings_of_an_image_make_a_multi_label_task(write: Write) -> None:
    """Blank cells are negative; `No Finding` is one of the columns."""
    root = write(
        FILMS,
        **{
            "train.csv": table(
                "Path,Sex,No Finding,Edema,Mass", "x/{name}.png", "F", "{two}.0", "1.0", ""
            )
        },
    )
    found = suggest(root, "chest")
    assert (found.classes, found.task) == (["No Finding", "Edema"], "multi")


def test_an_age_is_no_patient(write: Write) -> None:
    """`Patient Age` groups images as an identifier does; `ID` is the identifier."""
    root = write(
        FILMS,
        **{
            "odir.csv": table(
                "ID,Patient Age,labels,filename", "{half}", "6{three}", "{ab}", "{name}.png"
            )
        },
    )
    found = suggest(root, "eyes")
    assert chosen(found)["patient"] == "ID"
    assert [each.value for each in question(found, "patient").candidates] == ["ID"]


def test_lesions_group_images_where_patients_are_unknown(write: Write) -> None:
    """A patient's column is preferred; without it, images of a lesion stay together."""
    root = write(
        FILMS,
        **{
            "meta.csv": table(
                "lesion_id,image_id,dx,dx_type,sex",
                "L{half}",
                "{name}",
                "n{three}",
                "t{two}",
                "s{two}",
            )
        },
    )
    found = suggest(root, "skin")
    assert (chosen(found)["patient"], chosen(found)["label"]) == ("lesion_id", "dx")


def test_two_patient_columns_of_which_none_contains_the_other_are_refused(write: Write) -> None:
    """Grouping by the wrong one would let a patient leak."""
    root = write(
        FILMS,
        **{"meta.csv": table("image,label,patient,subject", "{name}", "{ab}", "{half}", "{three}")},
    )
    found = suggest(root, "x")
    assert found.problem == "Which column is the patient: subject or patient?"
    assert 'patient_column = "patient"' in suggest(root, "x", Choices(patient="patient")).card
    assert 'patient_column = ""' in suggest(root, "x", Choices(patient="none")).card


def test_labels_in_words_are_preferred_to_their_numbers(write: Write) -> None:
    """`class_id` divides the images as `class_name` does."""
    root = write(
        FILMS, **{"train.csv": table("image_id,class_id,class_name", "{name}", "{two}", "{ab}")}
    )
    found = suggest(root, "x")
    assert (chosen(found)["label"], found.classes) == ("class_name", ["a", "b"])


def test_two_tables_with_labels_are_refused(write: Write) -> None:
    """Both describe every image."""
    root = write(
        FILMS,
        **{
            "info.csv": table("patientId,class", "{name}", "c{three}"),
            "labels.csv": table("patientId,Target", "{name}", "{two}"),
        },
    )
    found = suggest(root, "x")
    assert found.problem == "Which table has the labels: info.csv or labels.csv?"
    assert suggest(root, "x", Choices(table=["labels.csv"])).classes == ["0", "1"]
    assert suggest(root, "x", Choices(label=["class"])).classes == ["c0", "c1", "c2"]


def test_tables_that_have_to_be_joined_are_refused(write: Write) -> None:
    """Labels are by study, image names in another table."""
    root = write(
        FILMS,
        **{
            "chexpert.csv": "subject_id,study_id,Edema,Mass\n"
            + "".join(f"P{n},s{n},{n % 2}.0,{(n + 1) % 2}.0\n" for n in range(12)),
            "metadata.csv": table("dicom_id,study_id,View", "{name}", "s{half}", "v{two}"),
        },
    )
    found = suggest(root, "x")
    assert found.card == ""
    assert "joined by study_id" in found.problem


def test_a_table_above_the_folder_is_found(write: Write) -> None:
    """As a card's table is looked for there; a table that names no file here is not mentioned."""
    root = write(
        [f"images/{name}" for name in FILMS],
        **{
            "labels.csv": table("image,label", "{name}.png", "{ab}"),
            "other.csv": "name,label\nfar.png,a\nfar2.png,b\n",
        },
    )
    found = suggest(root / "images", "x")
    assert chosen(found)["table"] == "labels.csv"
    assert "other.csv" not in found.card


def test_upper_case_and_tabs_are_tables_too(write: Write) -> None:
    """`LABELS.CSV` is read."""
    root = write(FILMS, **{"LABELS.CSV": table("image,label", "{name}.png", "{ab}")})
    assert chosen(suggest(root, "x"))["table"] == "LABELS.CSV"


def test_official_lists_are_used(write: Write) -> None:
    """Text files whose lines name the images."""
    root = write(
        FILMS,
        **{
            "labels.csv": table("image,label,patient", "{name}.png", "{ab}", "{half}"),
            "train_val_list.txt": "\n".join(FILMS[:16]),
            "test_list.txt": "\n".join(FILMS[16:]),
        },
    )
    found = suggest(root, "x")
    assert chosen(found)["split"] == "test_list.txt"
    assert 'train_val = "train_val_list.txt"\ntest = "test_list.txt"' in found.card
    assert 'split = "patient"' in suggest(root, "x", Choices(split="none")).card


def test_several_official_lists_are_refused(write: Write) -> None:
    """Two pairs of lists are two splits."""
    lists = {
        f"{part}_{fold}.txt": "\n".join(FILMS[:16] if part == "train" else FILMS[16:])
        for part in ("train", "test")
        for fold in ("first", "second")
    }
    root = write(FILMS, **{"labels.csv": table("image,label", "{name}.png", "{ab}")}, **lists)
    found = suggest(root, "x")
    assert found.problem == "Which split was published: test_first.txt or test_second.txt?"


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (Choices(label=["lable"]), "no column `lable`. Did you mean `label`?"),
        (Choices(table=["none.csv"]), "no such table"),
        (Choices(image="label"), "name no file here"),
        (Choices(patient="label"), "no such column that groups images"),
        (Choices(split="label"), "no such split"),
        (Choices(positive="c"), "no such class"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(
    write: Write, choices: Choices, sentence: str
) -> None:
    """With what could be chosen instead."""
    root = write(FILMS, **{"labels.csv": table("image,label", "{name}.png", "{ab}")})
    with pytest.raises(UsageError) as caught:
        suggest(root, "x", choices)
    assert sentence in str(caught.value)
