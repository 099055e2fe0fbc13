"""Which level of folders is taken as the classes, and when none is."""

from pathlib import Path

import pytest
from PIL import Image

from medtui.datasets.suggestion.analysis import suggest
from medtui.errors import UsageError
from medtui.protocol.suggestion import Choices
from tests.datasets.suggestion.conftest import Write
from tests.helpers.drawn_images import write_medmnist


def test_magnifications_are_no_classes(write: Write) -> None:
    """Diagnosis and subtype are two levels that may be; the answer is one folder's name."""
    root = write(
        f"breast/{kind}/SOB/{subtype}/slide_{subtype}_{number:04d}/{magnification}/{number}.png"
        for kind, subtypes in (
            ("benign", ("adenosis", "tubular")),
            ("malignant", ("ductal", "lob")),
        )
        for subtype in subtypes
        for number in range(4)
        for magnification in ("40X", "100X")
    )
    found = suggest(root, "cells")
    assert found.problem == "Which folders are the classes: benign or adenosis?"
    counts = {each.value: each.counts for each in found.questions[1].candidates if each.is_likely}
    assert counts["benign"] == {"benign": 16, "malignant": 16}
    named = suggest(root, "cells", Choices(level="malignant"))
    assert (named.classes, named.positive) == (["benign", "malignant"], "malignant")
    assert "may be patients: '([^/]+)/[^/]+/[^/]+$'" in named.card


def test_folders_of_images_and_masks_are_no_classes(write: Write) -> None:
    """The folders above them are."""
    root = write(
        f"{label}/{kind}/{label}-{number}.png"
        for label in ("COVID", "Normal")
        for kind in ("images", "masks")
        for number in range(8)
    )
    found = suggest(root, "films")
    assert found.classes == ["Normal", "COVID"]
    assert found.num_images == 16


@pytest.mark.parametrize("parts", [("train", "test"), ("Training", "Testing")])
def test_folders_of_parts_are_no_classes(write: Write, parts: tuple[str, str]) -> None:
    """They are the published split."""
    root = write(
        f"{part}/{label}/{part}{number}.png"
        for part in parts
        for label in ("glioma", "notumor", "pituitary")
        for number in range(6)
    )
    found = suggest(root, "mri")
    assert found.classes == ["notumor", "glioma", "pituitary"]
    assert next(each for each in found.questions if each.key == "split").chosen == "folders"


@pytest.mark.parametrize("names", [("0", "1", "2"), ("part_1", "part_2"), ("40X", "100X")])
def test_shards_are_not_taken_without_a_word(write: Write, names: tuple[str, ...]) -> None:
    """Numbers, parts of an archive and magnifications are classes only where chosen."""
    root = write(f"{name}/{name}{number}.png" for name in names for number in range(8))
    found = suggest(root, "x")
    assert found.card == ""
    assert found.problem.startswith("Which folders are the classes")
    assert set(suggest(root, "x", Choices(level=names[0])).classes) == set(names)


def test_the_negative_class_is_first_and_can_be_chosen(write: Write) -> None:
    """The alphabet would call healthy cells positive."""
    root = write(
        f"{name}/{number}.png" for name in ("Parasitized", "Uninfected") for number in range(8)
    )
    found = suggest(root, "cells")
    assert (found.classes, found.positive) == (["Uninfected", "Parasitized"], "Parasitized")
    other = suggest(root, "cells", Choices(positive="Uninfected"))
    assert (other.classes, other.positive) == (["Parasitized", "Uninfected"], "Uninfected")


def test_grey_films_stored_as_colour_are_grey(write: Write, tmp_path: Path) -> None:
    """Channels are compared, not the mode of the file."""
    root = write(f"{name}/{number}.png" for name in ("a1", "b1") for number in range(8))
    for path in root.rglob("*.png"):
        with Image.open(path) as image:
            image.convert("RGBA").save(path)
    assert "channels = 1" in suggest(root, "x").card
    colour = write((f"{name}/c{number}.png" for name in ("a1", "b1") for number in range(8)), "RGB")
    assert "channels = 3" in suggest(colour, "x").card


def test_npz_files_are_offered_by_name(tmp_path: Path) -> None:
    """A folder of MedMNIST files has no image."""
    write_medmnist(tmp_path / "some_64.npz", (28, 28))
    with pytest.raises(UsageError, match=r"npz files: some_64\.npz"):
        suggest(tmp_path, "x")
    assert 'file = "some_64.npz"' in suggest(tmp_path / "some_64.npz", "x").card
