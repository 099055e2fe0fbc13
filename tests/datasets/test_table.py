"""CSV tables: joined labels, one-hot columns, and invalid tables."""

from collections.abc import Callable
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
    """Short and repeated rows, and unknown labels, are each reported."""
    with (Path(settings.root) / "Data_Entry.csv").open("a", encoding="utf-8") as table:
        table.write("short\r\n")
        table.write("00000000_000.png,Edema,0,0,1,1\r\n")
        table.write("00000000_001.png,Mass,0,0,1,1\r\n")
    notes = " / ".join(sentences(summarise_dataset(settings).findings))
    assert "1 row of Data_Entry.csv unusable: too few cells (short)" in notes
    assert "2 rows of Data_Entry.csv repeated: 2 images have several rows, whose labels" in notes


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
    assert any("1 row of 25 of labels.csv left out" in each for each in sentences(dataset.findings))


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


def _lists(root: Path, train: list[str], test: list[str]) -> None:
    (root / "train_val.txt").write_text("\n".join(train))
    (root / "test.txt").write_text("\n".join(test))


NAMES = [f"{number // 2:08d}_{number % 2:03d}.png" for number in range(40)]


@pytest.mark.parametrize("spelled", ["images/{}.png", "{}", r"C:\films\{}.png", "{}.jpg"])
def test_official_lists_name_images_as_tables_do(settings: DataSettings, spelled: str) -> None:
    """Names of lists may have folders, other endings, or none."""
    names = [spelled.format(Path(name).stem) for name in NAMES]
    _lists(Path(settings.root), names[:28], names[28:])
    dataset = open_dataset(settings.model_copy(update={"split": "official"}))
    assert sorted(dataset.test.names) == NAMES[28:]


def test_an_image_in_two_official_lists_is_only_tested(settings: DataSettings) -> None:
    """Where lists overlap, the list of test counts, so that nothing of it is trained on."""
    _lists(Path(settings.root), NAMES[:30], NAMES[26:])
    dataset = open_dataset(settings.model_copy(update={"split": "official"}))
    assert sorted(dataset.test.names) == NAMES[26:]
    (finding,) = [each for each in dataset.findings if each.name == "overlapping-lists"]
    assert finding.rank == "warning"
    assert finding.sentence.startswith("4 images in several official lists")


def test_a_list_of_other_names_is_refused(settings: DataSettings) -> None:
    """A list none of whose names is an image is named beside one name of each."""
    _lists(Path(settings.root), NAMES, ["other_1", "other_2"])
    with pytest.raises(UsageError, match=r"test\.txt: none of its 2 names .* `other_1`"):
        summarise_dataset(settings.model_copy(update={"split": "official"}))


def _findings(settings: DataSettings, edit: Callable[[str], str]) -> dict[str, str]:
    path = Path(settings.root) / "Data_Entry.csv"
    path.write_text(edit(path.read_text()))
    return {each.name: each.rank for each in summarise_dataset(settings).findings}


def test_most_rows_without_a_file_are_an_error(settings: DataSettings) -> None:
    """A table whose images are mostly elsewhere stops a study; a few missing files do not."""
    rows = "".join(f"else_{number}.png,Mass,0,{number},1,1\n" for number in range(41))
    assert _findings(settings, lambda text: text + rows)["rows-without-files"] == "error"


def test_rows_of_different_images_never_share_a_file(settings: DataSettings) -> None:
    """Rows whose paths end in one flat file are left out, and an error where they are most."""
    draw(Path(settings.root) / "view1.png", seed=5)
    rows = "".join(f"p{number}/view1.png,Mass,0,{number},1,1\n" for number in range(60))
    found = _findings(settings, lambda text: text + rows)
    assert found["shared-files"] == "error"


def test_a_table_of_other_names_is_shown_beside_a_file(settings: DataSettings) -> None:
    """When no row has a file, one name of each side says why."""
    path = Path(settings.root) / "Data_Entry.csv"
    path.write_text(path.read_text().replace("000000", "case"))
    with pytest.raises(EnvironmentProblem, match=r"the table has `case.*`, the folder has `images"):
        summarise_dataset(settings)


def test_a_linked_root_has_its_table_beside_the_link(settings: DataSettings) -> None:
    """The table may lie beside the link to the images or beside the linked folder."""
    root = Path(settings.root)
    project = root.parent / "project"
    project.mkdir()
    (project / "images").symlink_to(root)
    (root / "Data_Entry.csv").rename(project / "Data_Entry.csv")
    linked = settings.model_copy(update={"root": str(project / "images")})
    assert sum(split.num_images for split in summarise_dataset(linked).splits) == 40


def test_a_split_column_is_the_official_split(settings: DataSettings, tmp_path: Path) -> None:
    """Cells `train`, `validate` and `TEST` are used; another word is in no split."""
    words = ["train"] * 24 + ["validate"] * 6 + ["TEST"] * 8 + ["holdout"] * 2
    path = Path(settings.root) / "Data_Entry.csv"
    lines = path.read_text().splitlines()
    rows = [f"{line},{word}" for line, word in zip(lines, ["split", *words], strict=True)]
    path.write_text("\n".join(rows))
    text = (TABLE + NIH[: NIH.index("[official]")]) + 'split_column = "split"\n'
    card = write_card(tmp_path, text)
    dataset = open_dataset(settings.model_copy(update={"split": "official", "card": card}))
    assert [sorted(split.names) for split in dataset.splits] == [
        NAMES[:24], NAMES[24:30], NAMES[30:38],
    ]  # fmt: skip
    assert any("2 images of split `holdout`" in each for each in sentences(dataset.findings))


def test_tables_in_split_folders_are_read_together(tmp_path: Path) -> None:
    """The layout of Roboflow: a table in each of train, valid and test, with equal file names."""
    root = tmp_path / "export"
    for number, split in enumerate(("train", "valid", "test")):
        lines = ["filename, Normal, Pneumonia"]
        for image in range(6):
            draw(root / split / f"IM-{image}.jpg", seed=number * 6 + image)
            lines.append(f"IM-{image}.jpg, {image % 2}, {1 - image % 2}")
        (root / split / "_classes.csv").write_text("\n".join(lines))
    card = write_card(
        tmp_path,
        TABLE
        + """
split = "official"
classes = ["Normal", "Pneumonia"]
[table]
files = ["train/_classes.csv", "valid/_classes.csv", "test/_classes.csv"]
name_column = "filename"
""",
    )
    dataset = open_dataset(DataSettings(card=card, root=str(root)))
    for part, folder in zip(dataset.splits, ("train", "valid", "test"), strict=True):
        assert part.names == [f"{folder}/IM-{image}.jpg" for image in range(6)]
        assert part.labels.tolist() == [1, 0] * 3


@pytest.mark.parametrize("style", ["images/{}", r"D:\x\{}", "{}", "upper"])
def test_the_digest_knows_neither_order_nor_spelling(settings: DataSettings, style: str) -> None:
    """Permuted rows, other path styles and case, and stray files leave the digest as it is."""
    before = open_dataset(settings)
    path = Path(settings.root) / "Data_Entry.csv"
    header, *lines = path.read_text().splitlines()
    lines = [
        line.replace(line[:16], line[:16].upper() if style == "upper" else style.format(line[:16]))
        for line in reversed(lines)
    ]
    path.write_text("\n".join([header, *lines]))
    draw(Path(settings.root) / "aaa" / "stray.png", seed=99)
    after = open_dataset(settings)
    assert after.digest == before.digest
    assert after.train.names == before.train.names


def test_a_run_of_the_first_digest_rule_keeps_names_and_split(settings: DataSettings) -> None:
    """Under the first rule, images are called and ordered as the table spells them."""
    path = Path(settings.root) / "Data_Entry.csv"
    header, *lines = path.read_text().splitlines()
    bare = [line.replace(".png", "") for line in lines]
    path.write_text("\n".join([header, *bare]))
    first, newest = open_dataset(settings, digest_rule=1), open_dataset(settings)
    assert (first.digest_rule, newest.digest_rule) == (1, 2)
    assert first.digest != newest.digest
    assert all(not name.endswith(".png") for name in first.train.names)
    assert all(name.endswith(".png") for name in newest.train.names)


def test_a_second_format_beside_the_images_stops_nothing(settings: DataSettings) -> None:
    """A table whose rows all have a file may lie above the same images in a format not read."""
    for number in range(60):
        (Path(settings.root) / f"{number}.nii").write_bytes(b"x")
    found = {each.name: each.rank for each in summarise_dataset(settings).findings}
    assert found == {"unsupported-files": "warning"}
