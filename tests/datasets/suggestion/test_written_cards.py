"""Cards that are written: they open the images, or are not written and say why."""

from pathlib import Path

import pytest

from medtui.datasets.suggestion.analysis import suggest
from medtui.datasets.suggestion.classes import order_classes
from medtui.datasets.summary import summarise_dataset
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import DataSettings
from medtui.protocol.suggestion import Choices
from tests.datasets.suggestion.conftest import Write
from tests.helpers.drawn_images import draw, write_card, write_medmnist


def test_a_card_of_class_folders_opens_them(cells: Path, tmp_path: Path) -> None:
    """The generated card opens the class folders."""
    card = write_card(tmp_path, suggest(cells, "mine").card)
    summary = summarise_dataset(DataSettings(card=card, root=str(cells)))
    assert summary.classes == ("Uninfected", "Parasitized")
    assert summary.positive_class == "Parasitized"
    assert (summary.channels, summary.size) == (3, 28)
    assert sum(split.num_images for split in summary.splits) == 120


def test_a_card_of_a_table_opens_its_images(tmp_path: Path) -> None:
    """Columns are found by their cells, grey films stay grey, joined labels are multi-label."""
    root = tmp_path / "films"
    rows = ["Image Index,Finding Labels,Patient ID"]
    for number in range(24):
        draw(root / f"{number}.png", seed=number, mode="L")
        rows.append(f"{number}.png,{('A', 'B', 'A|B')[number % 3]},{number // 2}")
    (root / "findings.csv").write_text("\n".join(rows))
    card = write_card(tmp_path, suggest(root, "films").card)
    summary = summarise_dataset(DataSettings(card=card, root=str(root)))
    assert (summary.classes, summary.task, summary.channels) == (("A", "B"), "multi", 1)
    assert summary.has_patients


def test_a_card_of_an_npz_file_opens_it(tmp_path: Path) -> None:
    """The card beside the file finds the file."""
    path = Path(write_medmnist(tmp_path / "some.npz", (28, 28)))
    card = write_card(tmp_path, suggest(path, "some").card)
    assert summarise_dataset(DataSettings(card=card)).size == 28


def test_a_path_without_a_data_set_is_refused(tmp_path: Path) -> None:
    """An empty folder, images without classes, and a text file are refused with a reason."""
    with pytest.raises(EnvironmentProblem, match="no image file found"):
        suggest(tmp_path, "x")
    draw(tmp_path / "a.png", seed=0)
    assert "no two folders that name classes" in suggest(tmp_path, "x").problem
    (tmp_path / "a.txt").write_text("no image")
    with pytest.raises(UsageError, match="neither a folder nor an npz file"):
        suggest(tmp_path / "a.txt", "x")


def test_a_card_that_would_be_refused_is_not_written(write: Write) -> None:
    """The reason is that of the check; an error of the data can be accepted."""
    root = write(
        f"{part}/{label}/{part}{number}.png"
        for part, labels in (("train", ("fine", "sick", "only_here")), ("test", ("fine", "sick")))
        for label in labels
        for number in range(8)
    )
    found = suggest(root, "x")
    assert (found.card, found.errors) == ("", ["missing-class"])
    assert "The card would be refused: test has no image of only_here" in found.problem
    assert 'split = "official"' in found.refused_card
    assert suggest(root, "x", Choices(accept=["missing-class"])).card == found.refused_card


def test_names_from_files_cannot_break_the_card(write: Write, tmp_path: Path) -> None:
    """Quotes, backslashes and control characters in names are escaped; comments stay comments."""
    names = ('a "b" \\ c', "d\x7f\ne = 1 # x")
    root = write(f"{name}/{number}.png" for name in names for number in range(8))
    card = write_card(tmp_path, suggest(root, "x").card)
    summary = summarise_dataset(DataSettings(card=card, root=str(root)))
    assert set(summary.classes) == set(names)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["glioma", "normal"], ["normal", "glioma"]),
        (["HER2 positive", "HER2 negative"], ["HER2 negative", "HER2 positive"]),
        (["abnormal", "healthy"], ["healthy", "abnormal"]),
        (["1", "10", "2", "0"], ["0", "1", "2", "10"]),
        (["1", "0"], ["0", "1"]),
        (["tumor", "no_tumor"], ["no_tumor", "tumor"]),
    ],
)
def test_the_negative_class_comes_first(names: list[str], expected: list[str]) -> None:
    """Numbers are in the order of their values."""
    assert order_classes(names, [], "") == expected
