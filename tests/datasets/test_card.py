"""Cards: the packaged ones, and invalid ones."""

from pathlib import Path

import pytest

from medtui.datasets.card import load_card
from medtui.datasets.class_weights import weigh_classes
from medtui.errors import UsageError
from medtui.preset.toml import DocumentError
from medtui.resources import card_names
from tests.helpers.drawn_images import FOLDERS, TABLE, write_card


@pytest.mark.parametrize("name", card_names())
def test_packaged_cards_are_valid(name: str) -> None:
    """Every packaged card is valid under its folder's name and names its source."""
    card, path = load_card(name)
    assert card.name == name == path.parent.name
    assert card.title
    assert name in {"folders", "table"} or (card.source and card.licence)


def test_films_are_never_flipped() -> None:
    """Chest films are not flipped: the heart is on the left."""
    augment = load_card("chestxray14")[0].augment
    assert not augment.flip_horizontal
    assert not augment.flip_vertical


def test_a_card_is_found_by_name_file_and_folder(tmp_path: Path) -> None:
    """Name, file and folder load the same card."""
    write_card(tmp_path, FOLDERS)
    assert load_card(str(tmp_path)) == load_card(str(tmp_path / "card.toml"))
    assert load_card("demo")[0].name == "demo"


def test_an_unknown_card_names_the_known_ones() -> None:
    """An unknown name is exit code 2, and the message lists the names."""
    with pytest.raises(UsageError, match="nosuch: no such card") as caught:
        load_card("nosuch")
    assert "malaria" in caught.value.hint
    with pytest.raises(UsageError):
        load_card("../data/malaria")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (FOLDERS + "chanels = 3", "unknown key `chanels`. Did you mean `channels`?"),
        (FOLDERS.replace("channels = 3", "channels = 2"), "`channels` = 2 must be 1 or 3"),
        (FOLDERS.replace("^(P", "^((P"), "is not a regular expression"),
        (FOLDERS + 'classes = ["A"]', "at least two different names"),
        (FOLDERS + 'classes = ["A", "A"]', "at least two different names"),
        (FOLDERS + 'task = "multi"', "needs a table"),
        (FOLDERS + "mean = [0.5]", "must have 3 value(s)"),
        (FOLDERS + "std = [0.0, 1.0, 1.0]", "must be above 0"),
        (FOLDERS.replace("size = 16", ""), "size and channels are required"),
        (FOLDERS.replace('"folders"', '"table"'), "section is required for format"),
        (TABLE + '[table]\nfile = ["a.csv"]\nname_column = "n"', "must name the 0/1 columns"),
        (TABLE + '[table]\nfile = []\nname_column = "n"', "file or files"),
        (FOLDERS + '[official]\ntest = "t.txt"', "train_val"),
        (FOLDERS + '[[download]]\nurl = "file:///etc/passwd"\nfile = "x"', "`download[0].url`"),
        (FOLDERS + '[[download]]\nurl = "http://h/x"\nfile = "../x"', "`download[0].file`"),
        (FOLDERS.replace("schema = 1", "schema = 2"), "newer than this medtui"),
        ("schema = ", "not valid TOML"),
    ],
)
def test_a_wrong_card_says_what_is_wrong(tmp_path: Path, text: str, sentence: str) -> None:
    """Each mistake is reported with the file's name and exit code 2."""
    with pytest.raises(DocumentError) as caught:
        load_card(write_card(tmp_path, text))
    assert sentence in str(caught.value)
    assert "card.toml" in str(caught.value)
    assert caught.value.exit_code == 2


def test_weights_follow_the_rules() -> None:
    """Weights have mean 1 over the classes that occur; an absent class gets 1."""
    counts = [80, 15, 5, 0]
    assert weigh_classes(counts, "none") == (1.0, 1.0, 1.0, 1.0)
    inverse = weigh_classes(counts, "inverse")
    assert inverse[2] / inverse[0] == pytest.approx(16)
    frequency = weigh_classes(counts, "frequency")
    assert frequency[0] / frequency[2] == pytest.approx(16)
    complement = weigh_classes(counts, "complement")
    assert complement[0] / complement[2] == pytest.approx(0.20 / 0.95)
    for weights in (inverse, frequency, complement):
        assert sum(weights[:3]) / 3 == pytest.approx(1)
        assert weights[3] == 1.0
    assert weigh_classes([7, 0], "complement") == (0.0, 1.0)
