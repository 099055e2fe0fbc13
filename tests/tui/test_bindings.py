"""Keys of the settings file, by the names of actions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding

from medtui.tui.app import MedtuiApp
from medtui.tui.bindings import FORMER_NAMES, current_names, describe_unknown_names
from medtui.tui.compare.screen import CompareScreen
from medtui.tui.editor.card_screen import CardScreen
from medtui.tui.editor.compress_screen import CompressScreen
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.new_study_screen import NewStudyScreen
from medtui.tui.key_grammar import KEYS_OF, ROWS
from medtui.tui.screens.export_dialog import ExportDialog
from medtui.tui.screens.home import HomeScreen
from medtui.tui.screens.run import RunScreen
from medtui.tui.settings import Settings
from tests.helpers.paths import REPOSITORY
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import notices, opened, screen_text, until

SCREENS = (
    HomeScreen, RunScreen, CompareScreen, NewStudyScreen, DataScreen, CompressScreen, CardScreen,
)  # fmt: skip

BOUND = (MedtuiApp, *SCREENS, ExportDialog)
"""Everything whose keys the settings file can change."""

EARLIER_NAMES = (
    "back", "check", "choose", "columns", "compare", "copy", "delete", "densities", "export",
    "export_model", "find_density", "focus_next", "follow", "full", "group", "help", "hide_same",
    "inspect", "inspect_back", "leave", "log", "look", "main", "main_1", "main_2", "main_3",
    "main_4", "main_5", "main_6", "mark", "mark_all", "new", "next", "next_main", "next_pane",
    "next_pane_back", "next_run", "next_run_back", "next_tab", "next_tab_back", "note", "order",
    "page", "page_back", "path", "pin", "pop_screen", "probes", "quit", "reset", "resume", "save",
    "scroll", "scroll_back", "search", "smooth", "sort", "sort_back", "start", "stop", "studies",
    "tab", "tab_2", "tab_3", "tab_4", "tab_5", "tab_6", "tab_7", "tab_8", "tab_9", "zoom",
    "zoom_back",
)  # fmt: skip
"""Names of actions before any was renamed, and `main_1`, which the documentation named."""


def _bindings() -> Iterator[Binding]:
    for bound in BOUND:
        yield from (each for each in bound.BINDINGS if isinstance(each, Binding) and each.id)


@pytest.mark.parametrize("name", EARLIER_NAMES)
def test_every_earlier_name_is_still_an_action(name: str) -> None:
    """A settings file that uses it goes on working."""
    (today,) = current_names({name: "z"})
    assert today in {binding.id for binding in _bindings()}


def test_former_names_are_none_of_todays() -> None:
    """Else one key would change two actions."""
    assert not set(FORMER_NAMES) & {binding.id for binding in _bindings()}


def test_todays_name_wins_over_a_former_one() -> None:
    """Whichever comes first in the file."""
    assert current_names({"search": "a", "filter": "b"}) == {"filter": "b"}
    assert current_names({"filter": "b", "search": "a"}) == {"filter": "b"}


async def test_a_former_name_remaps_its_action(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The new key filters the studies; the old one does nothing."""
    app = MedtuiApp(runs_dir, settings=Settings(keys={"search": "f9"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "malaria" in screen_text(pilot))
        await pilot.press("slash")
        assert app.focused is None or app.focused.id == "studies"
        await pilot.press("f9", *"demo")
        await until(pilot, lambda: "1 matching 'demo'" in screen_text(pilot))


async def test_an_unknown_name_is_reported_with_a_suggestion(runs_dir: Path) -> None:
    """A slip in the settings file is not ignored."""
    app = MedtuiApp(runs_dir, settings=Settings(keys={"stpo": "f9", "save": "f8"}))
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: "no action `stpo`. Did you mean `stop`?" in notices(pilot))
    assert describe_unknown_names(["stop", "save", "check"]) == []


def test_each_key_has_one_meaning() -> None:
    """A key stands in one line of the table, whatever it is called on a screen."""
    lines = [set(",".join(row.keys.values()).split(",")) for row in ROWS]
    for number, keys in enumerate(lines):
        for other in lines[number + 1 :]:
            assert not keys & other - {"left", "right"}


@pytest.mark.parametrize("bound", BOUND)
def test_screens_bind_the_keys_of_the_table(bound: type) -> None:
    """No screen has a key of its own; what a key does on one screen it does on all."""
    for binding in bound.BINDINGS:
        if isinstance(binding, Binding) and not binding.system:
            assert binding.id in KEYS_OF, binding
            assert binding.key == KEYS_OF[binding.id], binding


@pytest.mark.parametrize("screen", SCREENS)
def test_escape_and_b_are_bound_on_every_screen(screen: type) -> None:
    """Escape closes a layer, `b` goes back."""
    found = {each.id: each.action for each in screen.BINDINGS if isinstance(each, Binding)}
    assert (found["close"], found["back"]) == ("close", "back")


async def test_escape_never_leaves_a_screen(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """Where nothing is open it names the key that goes back."""
    async with opened(runs_dir) as pilot:
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("z", "escape", "escape", "escape")
        assert isinstance(pilot.app.screen, RunScreen)
        assert not pilot.app.screen.has_class("-full")
        await until(pilot, lambda: "b goes back" in screen_text(pilot))
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))


def test_every_name_is_documented() -> None:
    """The reference lists what `[keys]` takes; numbered ones by their first and last."""
    text = (REPOSITORY / "docs" / "reference" / "application.md").read_text(encoding="utf-8")
    names = {name for name in KEYS_OF if name[-1] not in "2345678"}
    assert {name for name in names if f"`{name}`" not in text} == set()
