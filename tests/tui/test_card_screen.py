"""The card's form on the Data screen: choices by keyboard, evidence, the written card."""

from pathlib import Path

import pytest

from medtui.jobs.card_suggestion import CardSuggestion
from medtui.protocol.suggestion import Candidate, Choices, Question, Suggestion
from medtui.tui.editor.card_choices import choose, fields_of
from medtui.tui.editor.card_screen import CardScreen
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.new_study_screen import NewStudyScreen
from tests.helpers.drawn_images import draw
from tests.helpers.tui_pilot import notices, opened, screen_text, until

PRESET = """
name = "mine"
[data]
card = "folders"
root = "{root}"
[compress]
schemes = ["Prune"]
densities = [0.5]
"""


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return shards of films with a table of two label columns; a preset lies beside."""
    root = tmp_path / "films"
    rows = ["image,MethodLabel,Labels"]
    for number in range(24):
        draw(root / str(number % 3) / f"{number:03d}.png", number, "L")
        rows.append(f"{number:03d}.png,{'mr'[number % 2]},f{number % 4 // 2}")
    (root / "films.csv").write_text("\n".join(rows))
    (tmp_path / "mine.toml").write_text(PRESET.format(root=root))
    (tmp_path / "other.card.toml").write_text("schema = 1")
    monkeypatch.chdir(tmp_path)
    return root


async def test_a_card_is_chosen_and_written_by_keyboard(runs_dir: Path, films: Path) -> None:
    """The shards are no classes: the open choice is marked, answered, and the card is used."""
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
        await until(pilot, lambda: "mine.toml" in screen_text(pilot))
        assert "other.card.toml" not in screen_text(pilot)
        await pilot.press("slash", *"mine", "full_stop", *"toml", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, CardScreen))
        await until(pilot, lambda: "Labels or MethodLabel?" in screen_text(pilot))
        evidence = "○ MethodLabel  2 values: m 12, r 12"
        await until(pilot, lambda: evidence in screen_text(pilot))
        await pilot.press("w")
        assert "Which column has the labels" in notices(pilot)
        await pilot.press("right")
        await until(pilot, lambda: 'label_column = "Labels"' in screen_text(pilot))
        await until(pilot, lambda: "the card opens the images" in screen_text(pilot))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await until(pilot, lambda: "24 images · 2 classes" in screen_text(pilot))
        card = pilot.app.screen.editor.document.value("data", "card")
    written = films.with_name("films.card.toml")
    assert card == str(written)
    assert 'label_column = "Labels"' in written.read_text()


async def test_escape_leaves_the_field_and_b_the_form(runs_dir: Path, films: Path) -> None:
    """Nothing is written."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        screen = CardScreen(str(films))
        pilot.app.push_screen(screen)
        await until(pilot, lambda: "Labels or MethodLabel?" in screen_text(pilot))
        await pilot.press("escape")
        assert pilot.app.screen is screen
        await pilot.press("escape", "b")
        await until(pilot, lambda: pilot.app.screen is not screen)
    assert not films.with_name("films.card.toml").exists()


def test_a_process_that_finds_nothing_says_so(tmp_path: Path) -> None:
    """The sentence of the command, as the problem."""
    found = CardSuggestion(str(tmp_path), "x", Choices()).wait()
    assert "no image file found" in found.problem


def test_a_new_table_opens_the_choices_that_depend_on_it() -> None:
    """A column of the old table may not be one of the new table."""
    found = Suggestion(
        folder="x",
        questions=[Question("patient", [Candidate("ID", "")], "ID")],
        classes=["b", "a"],
        positive="a",
        errors=["missing-class"],
    )
    chosen = Choices(label=["Labels"], patient="ID")
    assert choose(chosen, found, "table", "a.csv + b.csv") == Choices(table=["a.csv", "b.csv"])
    assert choose(chosen, found, "order", "a, b").classes == ["a", "b"]
    assert choose(chosen, found, "accept", "missing-class").accept == ["missing-class"]
    fields = fields_of(found, Choices())
    assert fields["patient"] == (["ID", "none"], "ID", False)
    assert fields["order"] == (["b, a", "a, b"], "b, a", False)
    assert fields["positive"] == (["a", "b"], "a", False)
    assert fields["accept"] == (["none", "missing-class"], "none", False)
