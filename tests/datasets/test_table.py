"""CSV tables: joined labels, one-hot columns, and invalid tables."""

from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import sentences
from medtui.datasets.summary import summarise_dataset
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import DataSettings
from tests.helpers.drawn_images import TABLE, draw, write_card

NIH = """
classes = ["Edema", "Mass", "No Finding"]
task = "multi"
class_weights = "inverse"
[table]
file = ["Data_Entry.csv", "sample.csv"]
name_column = "Image Index"
label_column = "Finding Labels"
none_label = "No Finding"
patient_column = "Patient ID"
[official]
train_val = "train_val.txt"
test = "test.txt"
"""
HEADER = "Image Index,Finding Labels,Follow-up #,Patient ID,OriginalImage[Width,Height]"
FINDINGS = ("Edema", "Mass", "Edema|Mass", "No Finding")


def films(root: Path, header: str = HEADER, count: int = 40, encoding: str = "utf-8") -> Path:
    """Write films in several folders and their table: two films of each patient."""
    rows = [header]
    for number in range(count):
        name = f"{number // 2:08d}_{number % 2:03d}.png"
        draw(root / f"images_{number % 3:03d}" / "images" / name, seed=number, mode="L")
        rows.append(f"{name},{FINDINGS[number // 2 % 4]},{number % 2},{number // 2},2500,2048")
    (root / "Data_Entry.csv").write_text("\r\n".join(rows) + "\r\n", encoding=encoding)
    return root


@pytest.fixture
def settings(tmp_path: Path) -> DataSettings:
    """Return settings of 40 films, split by patient."""
    root = films(tmp_path / "films")
    return DataSettings(card=write_card(tmp_path, TABLE + NIH), root=str(root))


def test_joined_labels(settings: DataSettings) -> None:
    """`A|B` sets two columns; No Finding is a class where the card says so; films stay grey."""
    dataset = open_dataset(settings)
    assert dataset.task == "multi"
    for split in dataset.splits:
        assert split.images_NHWC.shape[1:] == (16, 16, 1)
        assert split.labels.dtype == np.uint8
        for name, labels in zip(split.names, split.labels, strict=True):
            words = FINDINGS[int(name[:8]) % 4].split("|")
            assert labels.tolist() == [int(each in words) for each in dataset.classes]


def test_weights_are_inverse_to_frequency(settings: DataSettings) -> None:
    """The card's rule is applied to train's counts, with mean 1."""
    summary = summarise_dataset(settings)
    counts = np.array(list(summary.splits[0].counts.values()))
    weights = np.array(summary.class_weights)
    np.testing.assert_allclose(weights * counts, (weights * counts)[0])
    assert weights.mean() == pytest.approx(1)


def test_the_none_word_is_no_class_unless_named(settings: DataSettings, tmp_path: Path) -> None:
    """Unless it is a class, the none label is a row of zeros and not an unknown label."""
    card = write_card(tmp_path, TABLE + NIH.replace(', "No Finding"]', "]"))
    dataset = open_dataset(settings.model_copy(update={"card": card}))
    assert sum(int((split.labels.sum(axis=1) == 0).sum()) for split in dataset.splits) == 10
    assert not sentences(dataset.findings)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings(settings: DataSettings, tmp_path: Path, encoding: str) -> None:
    """A byte order mark is dropped; other files are read as Windows-1252 with a note."""
    root = films(tmp_path / "other", HEADER.replace("Follow-up", "Größe"), encoding=encoding)
    summary = summarise_dataset(settings.model_copy(update={"root": str(root)}))
    assert sum(split.num_images for split in summary.splits) == 40
    assert bool(sentences(summary.findings)) == (encoding == "cp1252")


def test_partial_downloads_are_counted(settings: DataSettings) -> None:
    """Rows without a file and files without a row are counted; nothing fails."""
    root = Path(settings.root)
    (root / "images_000" / "images" / "00000000_000.png").unlink()
    draw(root / "images_001" / "extra.png", seed=77)
    summary = summarise_dataset(settings)
    assert sentences(summary.findings)[:2] == (
        "1 image of 40 in the table without a file",
        "1 file without a row: images_001/extra.png",
    )


def test_a_name_in_several_folders_is_not_used(settings: DataSettings) -> None:
    """A row that fits several files is left out and reported; no file is guessed."""
    root = Path(settings.root)
    draw(root / "images_002" / "00000000_000.png", seed=1234)
    summary = summarise_dataset(settings)
    assert sum(split.num_images for split in summary.splits) == 39
    assert "1 row fit several files and are left out" in sentences(summary.findings)[0]


def test_invalid_rows_are_reported(settings: DataSettings) -> None:
    """Short, repeated and conflicting rows, and unknown labels, are each reported."""
    with (Path(settings.root) / "Data_Entry.csv").open("a", encoding="utf-8") as table:
        table.write("short\r\n")
        table.write("00000000_000.png,Edema,0,0,1,1\r\n")
        table.write("00000000_001.png,Mass,0,0,1,1\r\n")
    notes = " / ".join(sentences(summarise_dataset(settings).findings))
    assert "1 row of Data_Entry.csv unusable: short" in notes
    assert "1 row of Data_Entry.csv repeated: 00000000_000.png" in notes
    assert "contradict an earlier row of the same image, which is used: 00000000_001.png" in notes


def test_unknown_labels_are_reported(settings: DataSettings, tmp_path: Path) -> None:
    """A label that is not a class of the card is ignored and counted."""
    card = write_card(tmp_path, TABLE + NIH.replace('"Mass"', '"Nodule"'))
    notes = sentences(summarise_dataset(settings.model_copy(update={"card": card})).findings)
    assert "label `Mass` of 20 images is not a class of the card and is ignored" in notes
    assert "train has no image of Nodule" in notes


def test_a_missing_column_is_named(settings: DataSettings, tmp_path: Path) -> None:
    """A wrong column name is reported with file, line and a suggestion."""
    card = write_card(tmp_path, TABLE + NIH.replace("Finding Labels", "Findings Label"))
    with pytest.raises(UsageError, match=r"Data_Entry.csv:1: .*Did you mean `Finding Labels`"):
        summarise_dataset(settings.model_copy(update={"card": card}))


def test_quoted_commas_and_one_hot_columns(tmp_path: Path) -> None:
    """One column per class: 1, 1.0, true and blanks are accepted, other values are not."""
    card = """
    classes = ["Nevus, benign", "Melanoma"]
    [table]
    file = ["labels.csv"]
    name_column = "image"
    """
    root = tmp_path / "skin"
    lines = ['image,"Nevus, benign",Melanoma']
    values = ("1,0", "1.0,", "0,true", ",1")
    for number in range(24):
        draw(root / f"skin_{number}.jpg", seed=number)
        lines.append(f"skin_{number},{values[number % 4]}")
    lines.append("skin_0.jpg,-1,0")
    (root / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    dataset = open_dataset(DataSettings(card=write_card(tmp_path, TABLE + card), root=str(root)))
    assert dataset.task == "single"
    assert not dataset.has_patients
    for split in dataset.splits:
        for name, label in zip(split.names, split.labels, strict=True):
            assert label == (int(Path(name).stem.removeprefix("skin_")) % 4 >= 2)
    assert "1 row of labels.csv unusable: skin_0.jpg" in sentences(dataset.findings)


def test_official_lists(settings: DataSettings) -> None:
    """Lists are used, val is taken from train_val by patient, other images are left out."""
    root = Path(settings.root)
    names = [f"{number // 2:08d}_{number % 2:03d}.png" for number in range(40)]
    (root / "train_val.txt").write_text("\n".join(names[:28]))
    (root / "test.txt").write_text("\n".join(names[28:36]) + "\n")
    dataset = open_dataset(settings.model_copy(update={"split": "official"}))
    assert sorted(dataset.test.names) == names[28:36]
    assert sorted(dataset.train.names + dataset.val.names) == names[:28]
    assert not set(dataset.train.patients) & set(dataset.val.patients)
    assert "4 images in no official list left out" in sentences(dataset.findings)


def test_official_lists_that_share_a_patient_are_reported(settings: DataSettings) -> None:
    """A leak in published lists is kept and reported."""
    root = Path(settings.root)
    names = [f"{number // 2:08d}_{number % 2:03d}.png" for number in range(40)]
    (root / "train_val.txt").write_text("\n".join(names[:29]))
    (root / "test.txt").write_text("\n".join(names[29:]))
    summary = summarise_dataset(settings.model_copy(update={"split": "official"}))
    assert not summary.has_patients
    assert any("1 patient in several splits: 14" in note for note in sentences(summary.findings))


def test_missing_lists_and_tables_are_named(settings: DataSettings) -> None:
    """A missing file is reported with the folders that were searched."""
    with pytest.raises(EnvironmentProblem, match=r"train_val.txt not found here or in"):
        summarise_dataset(settings.model_copy(update={"split": "official"}))
    (Path(settings.root) / "Data_Entry.csv").unlink()
    with pytest.raises(EnvironmentProblem, match=r"Data_Entry.csv or sample.csv"):
        summarise_dataset(settings)


def test_patients_are_the_same_in_every_release(settings: DataSettings) -> None:
    """`13` and `00000013` are one patient."""
    path = Path(settings.root) / "Data_Entry.csv"
    lines = path.read_text().splitlines()
    padded = [lines[0]]
    for line in lines[1:]:
        cells = line.split(",")
        padded.append(",".join([*cells[:3], f"{int(cells[3]):08d}", *cells[4:]]))
    before = open_dataset(settings)
    path.write_text("\n".join(padded))
    assert open_dataset(settings).digest == before.digest
