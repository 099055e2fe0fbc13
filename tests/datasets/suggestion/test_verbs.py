"""`medtui data new` and `data check FOLDER`: what is printed, written and refused."""

import json
from pathlib import Path

import pytest

from tests.datasets.conftest import Medtui
from tests.datasets.suggestion.conftest import Write


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def films(write: Write) -> Path:
    """Return a folder of three shards and a table with two columns of labels."""
    names = [f"{number % 3}/{number:03d}.png" for number in range(24)]
    rows = [f"{name[2:]},{'mr'[at % 2]},f{at % 4 // 2}" for at, name in enumerate(names)]
    return write(names, **{"films.csv": "\n".join(["ImageID,MethodLabel,Labels", *rows])})


def test_an_open_choice_lists_the_candidates(medtui: Medtui, films: Path, tmp_path: Path) -> None:
    """Exit status 2, candidates with counts, no file."""
    code, out, err = medtui("new", str(films))
    assert (code, out) == (2, "")
    assert "--label Labels: 2 values: f0 12, f1 12" in err
    assert "--label MethodLabel: 2 values: m 12, r 12" in err
    assert "Write --label Labels or --label MethodLabel" in err
    assert not list(tmp_path.glob("*.card.toml"))


def test_a_choice_writes_the_card(medtui: Medtui, films: Path, tmp_path: Path) -> None:
    """The card passes the check, and an existing card is kept."""
    code, out, _ = medtui("new", str(films), "--label", "Labels", "--positive", "f0")
    assert (code, out) == (0, "set.card.toml\n")
    card = tmp_path / "set.card.toml"
    assert 'positive = "f0"' in card.read_text()
    assert medtui("check", str(card), "--root", str(films), "-q")[0] == 0
    assert medtui("new", str(films), "--label", "Labels")[0] == 2


def test_json_has_the_candidates(medtui: Medtui, films: Path) -> None:
    """One object on stdout, with and without a card."""
    code, out, _ = medtui("new", str(films), "--json")
    found = json.loads(out)
    assert (code, found["path"], found["card"]) == (2, "", "")
    question = next(each for each in found["questions"] if each["key"] == "label")
    assert [each["value"] for each in question["candidates"]] == ["Labels", "MethodLabel"]
    code, out, _ = medtui("new", str(films), "--label", "Labels", "--json")
    assert (code, json.loads(out)["path"]) == (0, "set.card.toml")


def test_check_does_not_take_shards_for_classes(medtui: Medtui, films: Path) -> None:
    """A folder without a card is analysed as `new` does it."""
    code, _, err = medtui("check", str(films), "-q")
    assert code == 2
    assert "Which column has the labels: Labels or MethodLabel?" in err
    text = (films / "films.csv").read_text().replace("MethodLabel", "Scanner")
    (films / "films.csv").write_text(text)
    code, out, _ = medtui("check", str(films), "--json", "-q")
    assert (code, json.loads(out)["classes"]) == (0, ["f0", "f1"])
