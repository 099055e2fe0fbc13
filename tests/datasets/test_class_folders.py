"""Class folders, valid and invalid."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.dataset import open_dataset
from medtui.datasets.findings import sentences
from medtui.datasets.summary import summarise_dataset
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import DataSettings
from tests.helpers.drawn_images import FOLDERS, draw, write_card


def test_images_labels_and_patients_belong_together(settings: DataSettings) -> None:
    """Each row has its file's label and patient; every file is in one split."""
    dataset = open_dataset(settings)
    assert dataset.classes == ("Parasitized", "Uninfected")
    assert (dataset.task, dataset.channels, dataset.size) == ("single", 3, 16)
    seen = []
    for split in dataset.splits:
        assert split.images_NHWC.shape == (len(split), 16, 16, 3)
        for name, label, patient in zip(split.names, split.labels, split.patients, strict=True):
            assert name.startswith(f"{dataset.classes[label]}/{patient}_")
        seen += split.names
    assert len(seen) == len(set(seen)) == 120
    assert dataset.has_patients
    assert not sentences(dataset.findings)


def test_statistics_are_measured_on_train_alone(settings: DataSettings) -> None:
    """Mean and standard deviation are those of the train pixels only."""
    dataset = open_dataset(settings)
    scaled = dataset.train.images_NHWC / 255
    np.testing.assert_allclose(dataset.mean, scaled.mean((0, 1, 2)), rtol=1e-9)
    np.testing.assert_allclose(dataset.std, scaled.std((0, 1, 2)), rtol=1e-9)


def test_the_summary_counts_what_is_opened(settings: DataSettings) -> None:
    """Counted without decoding and counted after decoding are the same."""
    summary, dataset = summarise_dataset(settings), open_dataset(settings)
    for counted, split in zip(summary.splits, dataset.splits, strict=True):
        assert counted.num_images == len(split)
        assert counted.num_patients == len(set(split.patients))
        assert list(counted.counts.values()) == np.bincount(split.labels, minlength=2).tolist()


def test_bad_files_are_skipped_and_reported(settings: DataSettings, cells: Path) -> None:
    """Empty, truncated and misnamed files are left out, counted and named."""
    victims = sorted((cells / "Parasitized").iterdir())[:3]
    victims[0].write_bytes(b"")
    victims[1].write_bytes(victims[1].read_bytes()[:100])
    victims[2].write_text("no image")
    dataset = open_dataset(settings)
    assert sum(len(split) for split in dataset.splits) == 117
    (note,) = sentences(dataset.findings)
    assert note.startswith("3 images cannot be used: ")
    assert "empty: zero bytes" in note
    assert note.endswith("left out")


def test_bad_files_are_refused_where_asked(settings: DataSettings, cells: Path) -> None:
    """`on_bad_image = "refuse"` ends with exit code 3 and the file's name."""
    victim = min((cells / "Uninfected").iterdir())
    victim.write_bytes(b"")
    with pytest.raises(EnvironmentProblem, match=victim.name):
        open_dataset(settings.model_copy(update={"on_bad_image": "refuse"}))


def test_files_that_are_no_images_are_skipped(settings: DataSettings, cells: Path) -> None:
    """Thumbs.db is reported, .DS_Store is not, and a stray image is counted."""
    (cells / "Parasitized" / "Thumbs.db").write_bytes(b"x")
    (cells / "Parasitized" / ".DS_Store").write_bytes(b"x")
    draw(cells / "stray.png", seed=999)
    notes = sentences(summarise_dataset(settings).findings)
    assert notes == (
        "1 file without an image suffix skipped: Parasitized/Thumbs.db",
        "1 image outside the class folders: stray.png",
    )


def test_links_are_followed_once(settings: DataSettings, cells: Path) -> None:
    """A link to the root is reported and not followed; a linked folder is read."""
    (cells / "Parasitized" / "loop").symlink_to(cells)
    elsewhere = cells.parent / "elsewhere"
    (cells / "Uninfected").rename(elsewhere)
    (cells / "Uninfected").symlink_to(elsewhere)
    (cells / "Parasitized" / "broken.png").symlink_to("nowhere")
    summary = summarise_dataset(settings)
    assert sum(split.num_images for split in summary.splits) == 120
    assert any("link to a folder already visited" in note for note in sentences(summary.findings))
    assert any(
        "cannot be opened: Parasitized/broken.png" in note for note in sentences(summary.findings)
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_listed(settings: DataSettings, cells: Path) -> None:
    """A file without read permission is a bad image, not a failure."""
    victim = min((cells / "Uninfected").iterdir())
    victim.chmod(0)
    dataset = open_dataset(settings)
    assert "unreadable: Permission denied" in sentences(dataset.findings)[0]


def test_a_file_deleted_after_indexing_is_reported(settings: DataSettings, cells: Path) -> None:
    """A file deleted between indexing and decoding is a bad image."""
    victim = min((cells / "Uninfected").iterdir())
    gone = cells.parent / "gone.png"
    victim.rename(gone)
    victim.symlink_to(gone)

    def vanish(progress: object) -> None:
        gone.unlink(missing_ok=True)

    dataset = open_dataset(settings, progress=vanish)
    assert "unreadable: No such file or directory" in sentences(dataset.findings)[0]


def test_the_same_picture_in_two_places_is_found_by_content(
    settings: DataSettings, cells: Path
) -> None:
    """Copies across splits and classes are reported, whatever their names."""
    for number in range(12):
        source = cells / "Parasitized" / f"P{number}_cell_{number * 10}.png"
        shutil.copy(source, cells / "Uninfected" / f"P{(number + 6) % 12}_copy_{number}.png")
    notes = sentences(open_dataset(settings).findings)
    assert "12 images with the same pixels as another image" in notes
    assert any("with a copy in another split" in note for note in notes)
    assert any("12 images with a copy in another class" in note for note in notes)


def test_nested_folders_are_found(settings: DataSettings, cells: Path) -> None:
    """`cell_images/cell_images/Parasitized` is read like `Parasitized`."""
    deeper = cells.parent / "root" / "cell_images" / "cell_images"
    deeper.parent.mkdir(parents=True)
    cells.rename(deeper)
    moved = settings.model_copy(update={"root": str(cells.parent / "root")})
    assert sum(split.num_images for split in summarise_dataset(moved).splits) == 120


def test_an_empty_class_is_refused(settings: DataSettings, cells: Path, tmp_path: Path) -> None:
    """A class of the card without an image is reported by name."""
    card = write_card(tmp_path, FOLDERS + 'classes = ["Uninfected", "Parasitized", "Vivax"]')
    with pytest.raises(EnvironmentProblem, match="no image of class Vivax"):
        summarise_dataset(settings.model_copy(update={"card": card}))


def test_one_class_is_refused(settings: DataSettings, cells: Path) -> None:
    """A single class folder is refused."""
    shutil.rmtree(cells / "Uninfected")
    with pytest.raises(UsageError, match="two or more class folders are needed; found Parasitized"):
        summarise_dataset(settings)


def test_a_pattern_without_a_match_is_reported(settings: DataSettings, tmp_path: Path) -> None:
    """Without any patient, every result states it."""
    card = write_card(tmp_path, FOLDERS.replace("^(P", "^(Q"))
    summary = summarise_dataset(settings.model_copy(update={"card": card}))
    assert not summary.has_patients
    assert any("matches no file name" in note for note in sentences(summary.findings))
    assert any(note.startswith("no patient information") for note in sentences(summary.findings))


def test_names_the_pattern_does_not_fit_are_patients_of_their_own(
    settings: DataSettings, cells: Path
) -> None:
    """A misnamed image is counted and is its own patient."""
    draw(cells / "Uninfected" / "misnamed.png", seed=500)
    summary = summarise_dataset(settings)
    assert sum(split.num_patients or 0 for split in summary.splits) == 13
    assert any("does not match 1 name" in note for note in sentences(summary.findings))


@pytest.mark.parametrize("root", ["/no/such/folder", __file__])
def test_a_missing_root_says_what_to_do(settings: DataSettings, root: str) -> None:
    """A missing root is exit code 3, with its path and a hint."""
    with pytest.raises(EnvironmentProblem, match=root) as caught:
        open_dataset(settings.model_copy(update={"root": root}))
    assert "--set data.root=" in caught.value.hint


def test_a_set_unpacked_into_itself_counts_once(settings: DataSettings, cells: Path) -> None:
    """Nested copies are skipped and reported; equal names elsewhere are other images."""
    shutil.copytree(cells, cells.parent / "copy")
    shutil.move(cells.parent / "copy", cells / "cell_images")
    draw(cells / "site2" / "Uninfected" / "P1_cell_11.png", seed=4711)
    summary = summarise_dataset(settings)
    assert sum(split.num_images for split in summary.splits) == 121
    assert sentences(summary.findings)[0].startswith(
        "120 nested copies skipped: cell_images/Parasitized/"
    )


def test_split_folders_are_an_official_split(settings: DataSettings, cells: Path) -> None:
    """`train/A/1.png` is in train; without a val folder, val is taken from train by patient."""
    for path in sorted(cells.rglob("*.png")):
        split = "test" if path.name.startswith(("P0_", "P1_")) else "train"
        target = cells / split / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    dataset = open_dataset(settings.model_copy(update={"split": "official"}))
    assert set(dataset.test.patients) == {"P0", "P1"}
    assert set(dataset.train.patients) | set(dataset.val.patients) == {
        f"P{n}" for n in range(2, 12)
    }
    assert dataset.has_patients


def test_nested_files_of_equal_size_are_images(settings: DataSettings, cells: Path) -> None:
    """`site/A/1.png` with other bytes than `A/1.png` is another image, also of the same length."""
    inner = min((cells / "Uninfected").iterdir())
    outer = cells / "site" / "Uninfected" / inner.name
    outer.parent.mkdir(parents=True)
    outer.write_bytes(bytes(reversed(inner.read_bytes())))
    summary = summarise_dataset(settings)
    assert sum(split.num_images for split in summary.splits) == 121


def test_spellings_of_a_class_are_an_error(settings: DataSettings, cells: Path) -> None:
    """Folders that differ by case are not trained as classes of their own."""
    draw(cells / "test" / "UNINFECTED" / "P1_x.png", seed=900)
    (finding,) = [each for each in summarise_dataset(settings).findings if each.rank == "error"]
    assert finding.name == "class-spelling"
    assert "`UNINFECTED` = `Uninfected`" in finding.sentence


def test_a_folder_that_misspells_a_class_of_the_card_is_an_error(
    settings: DataSettings, cells: Path, tmp_path: Path
) -> None:
    """With the classes in the card, a folder of another spelling is not left out in silence."""
    card = write_card(tmp_path, FOLDERS + 'classes = ["Uninfected", "Parasitized"]')
    draw(cells / "test" / "uninfected " / "P1_x.png", seed=900)
    findings = summarise_dataset(settings.model_copy(update={"card": card})).findings
    assert [each.name for each in findings if each.rank == "error"] == ["class-spelling"]


def test_aliases_unite_folders(settings: DataSettings, cells: Path, tmp_path: Path) -> None:
    """Folders that the card maps to a class are that class."""
    card = write_card(tmp_path, FOLDERS + '[aliases]\nUNINFECTED = "Uninfected"')
    draw(cells / "test" / "UNINFECTED" / "P1_x.png", seed=900)
    summary = summarise_dataset(settings.model_copy(update={"card": card}))
    assert summary.classes == ("Parasitized", "Uninfected")
    assert sum(split.num_images for split in summary.splits) == 121
    assert not [each for each in summary.findings if each.rank == "error"]


def test_classes_named_otherwise_in_each_split_are_an_error(tmp_path: Path) -> None:
    """Train folders with the stage and test folders without are one class to be united."""
    folders = ("train/adeno_left.lobe_T2", "train/normal", "test/adeno", "test/normal")
    for seed, folder in enumerate(folders * 4):
        draw(tmp_path / "root" / folder / f"{seed}.png", seed)
    card = write_card(tmp_path, FOLDERS)
    findings = summarise_dataset(DataSettings(card=card, root=str(tmp_path / "root"))).findings
    (finding,) = [each for each in findings if each.name == "class-spelling"]
    assert finding.name == "class-spelling"
    assert '"adeno_left.lobe_T2" = "adeno"' in finding.sentence


def test_training_and_testing_are_an_official_split(settings: DataSettings, cells: Path) -> None:
    """Part folders are recognised in their usual spellings."""
    for path in sorted(cells.rglob("*.png")):
        split = "Testing" if path.name.startswith(("P0_", "P1_")) else "Training"
        target = cells / split / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    dataset = open_dataset(settings.model_copy(update={"split": "official"}))
    assert set(dataset.test.patients) == {"P0", "P1"}
