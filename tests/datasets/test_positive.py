"""The card's positive class: one of two classes, else the second of them."""

import dataclasses
from pathlib import Path

import pytest

from medtui.cli import main
from medtui.datasets.dataset import open_dataset
from medtui.datasets.inspection import look
from medtui.datasets.summary import summarise_dataset
from medtui.errors import MedtuiError
from medtui.preset import DataSettings
from tests.helpers.drawn_images import FOLDERS, TABLE, draw, write_card


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Return a folder of films with and without a nodule."""
    for number, name in enumerate(["nodule", "normal"] * 12):
        draw(tmp_path / "films" / name / f"P{number // 2}_{number}.png", number)
    return tmp_path / "films"


def settings(films: Path, keys: str = "") -> DataSettings:
    """Return settings for the films with more keys in the card."""
    return DataSettings(card=write_card(films.parent, FOLDERS + keys), root=str(films))


def test_without_the_key_it_is_the_second_class(films: Path) -> None:
    """Numbers of earlier versions stay what they were."""
    assert open_dataset(settings(films)).positive_class == "normal"
    listed = settings(films, 'classes = ["normal", "nodule"]')
    assert open_dataset(listed).positive_class == "nodule"


@pytest.mark.parametrize("classes", ["", 'classes = ["nodule", "normal"]\n'])
def test_the_key_names_it_and_changes_nothing_else(films: Path, classes: str) -> None:
    """The order of the logits, the digest and so the training stay the same."""
    plain = open_dataset(settings(films, classes))
    named = open_dataset(settings(films, classes + 'positive = "nodule"'))
    assert (named.positive_class, named.positive) == ("nodule", 0)
    assert (named.classes, named.digest) == (plain.classes, plain.digest)
    assert dataclasses.asdict(named.train)["names"] == plain.train.names


@pytest.mark.parametrize("classes", ["", 'classes = ["nodule", "normal"]\n'])
def test_a_name_that_is_no_class_is_refused_with_the_close_one(films: Path, classes: str) -> None:
    """Whether the card lists the classes or they are found."""
    with pytest.raises(MedtuiError, match=r"`Nodules` is not one of the classes. .*`nodule`"):
        open_dataset(settings(films, classes + 'positive = "Nodules"'))


@pytest.mark.parametrize(
    "card",
    [
        FOLDERS + 'classes = ["a", "b", "c"]\npositive = "a"',
        TABLE + 'task = "multi"\nclasses = ["a", "b"]\npositive = "a"\n[table]\nfile = ["t.csv"]\n'
        'name_column = "n"',
    ],
)
def test_it_needs_two_classes_of_which_an_image_has_one(films: Path, card: str) -> None:
    """Elsewhere metrics are means over the classes."""
    with pytest.raises(MedtuiError, match="`positive`: only where each image has one of two"):
        open_dataset(DataSettings(card=write_card(films.parent, card), root=str(films)))


def test_a_third_class_is_found_out_when_the_classes_are_read(films: Path) -> None:
    """The card lists no classes."""
    draw(films / "mass" / "P99_0.png", 99)
    with pytest.raises(MedtuiError, match="`positive`: only where each image has one of two"):
        open_dataset(settings(films, 'positive = "nodule"'))


def test_check_and_data_screen_name_it(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever looks at the data learns what the numbers will be about."""
    given = settings(films, 'positive = "nodule"')
    assert look(given).positive_class == "nodule"
    assert summarise_dataset(given).positive_class == "nodule"
    assert main_with(["data", "check", given.card, "--root", given.root, "-q"]) == 0
    assert "positive nodule" in capsys.readouterr().out
    plain = settings(films)
    assert main_with(["data", "check", plain.card, "--root", plain.root, "-q"]) == 0
    assert "positive normal, the second class" in capsys.readouterr().out


def main_with(arguments: list[str]) -> int:
    """Run `medtui` in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["medtui", *arguments])
        return main()
