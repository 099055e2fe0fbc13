"""A search for a density, set up on the Compress screen by keyboard alone."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from medtui.errors import UsageError
from medtui.preset import Preset, named_schemes
from medtui.protocol.preflight import Preflight
from medtui.resources import presets_dir
from medtui.tui.editor.choice_input import ChoiceInput
from medtui.tui.editor.compress_screen import CompressScreen
from medtui.tui.editor.document import (
    PresetDocument,
    document_from,
    read_typed,
    takes_array,
)
from medtui.tui.editor.form import FormField
from medtui.tui.editor.grid import toggle, toggle_search
from medtui.tui.editor.preset_list import describe_entry, read_entry
from medtui.tui.editor.scheme_table import SchemeTable
from medtui.tui.editor.state import EditorState
from tests.helpers.tui_pilot import opened, screen_text, until

SMALL = (80, 24)

UNSAID = 'name = "demo"\n[data]\ncard = "demo"\n'
"""Leaves the grid to its defaults."""

SOUGHT = f"""{UNSAID}
[search]  # why
scheme = "Prune"
eps = 0.02  # two points
"""


def preset_of(document: PresetDocument) -> Preset:
    """Return a preset that must be right."""
    assert document.preset is not None, document.problems
    return document.preset


async def compress(pilot: Pilot[None], text: str) -> CompressScreen:
    """Show the Compress screen over a preset."""
    screen = CompressScreen(EditorState(PresetDocument(text)))
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: screen.query_one(SchemeTable).selected is not None)
    return screen


async def put(pilot: Pilot[None], key: str, text: str) -> None:
    """Go to a field of the search by Tab, and type over what it holds, or turn to a word."""
    field = pilot.app.screen.query_one(f"#search-{key}", FormField).field
    for _ in range(100):
        if field.has_focus:
            break
        await pilot.press("tab")
    if isinstance(field, ChoiceInput):
        for _ in field.words:
            if field.value != text:
                await pilot.press("right")
        assert field.value == text
        return
    letters = ({".": "full_stop", ",": "comma"}.get(each, each) for each in text)
    await pilot.press("ctrl+u", *letters)
    await until(pilot, lambda: field.value == text)


async def test_a_search_is_set_up_by_keyboard(runs_dir: Path) -> None:
    """Switched on, told what to look for; what it costs is said at once, and the grid stays."""
    async with opened(runs_dir, size=SMALL) as pilot:
        screen = await compress(pilot, UNSAID)
        screen.action_find_density()
        await until(pilot, lambda: "at most 10 runs, 7 of them with 5 cycles" in screen_text(pilot))
        for key, text in {
            "scheme": "Prune,BlockPrune", "eps": "0.02", "objective": "macs", "budget": "6",
            "low": "0.05", "high": "0.8",
        }.items():  # fmt: skip
            await put(pilot, key, text)
        await until(pilot, lambda: "each, 3 of them with 5 cycles" in screen_text(pilot))
        assert "at most 14 runs" in screen_text(pilot)  # with the reference
    preset = preset_of(screen.editor.document)
    assert preset.compress.schemes == ("Prune",)
    assert preset.search is not None
    assert preset.search.scheme == ("Prune", "BlockPrune")
    assert preset.search.objective == "macs"
    assert (preset.search.eps, preset.search.budget) == (0.02, 6)
    assert (preset.search.low, preset.search.high) == (0.05, 0.8)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("scheme", "Pruen", "Did you mean"),
        ("scheme", "Quantize16", "takes no density"),
        ("scheme", "Prune, Prune", "twice"),
        ("metric", "f1", "must be"),
        ("eps", "2", "less than 1"),
        ("eps", "many", "valid number"),
        ("budget", "3", "leaves none of the 3"),
        ("high", "0.001", "must be below"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(key: str, text: str, said: str) -> None:
    """Also where it takes several keys to tell."""
    document = PresetDocument(SOUGHT).set_to("search", key, typed(key, text))
    assert document.preset is None
    assert said in document.problem_of("search", key)
    for other in {"scheme", "metric", "eps", "budget", "low", "high"} - {key}:
        assert document.problem_of("search", other) == ""


async def test_a_wrong_field_is_marked_and_the_study_does_not_start(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the model at once, by a trial on the machine where only that can tell."""

    def refuse(preset: Preset, **_: object) -> Preflight:
        if preset.search is not None and preset.search.objective == "memory":
            raise UsageError("a GPU alone measures that", key=("search", "objective"))
        return Preflight(0, 0, 0, 0, [], [], 1.0)

    monkeypatch.setattr("medtui.jobs.measured_estimates.preflight", refuse)
    async with opened(runs_dir, size=SMALL) as pilot:
        screen = await compress(pilot, SOUGHT)
        screen.action_find_density()
        await put(pilot, "eps", "2")
        await until(pilot, lambda: screen.query_one("#search-eps").has_class("wrong"))
        await until(pilot, lambda: "eps = 2 must" in screen_text(pilot))
        await until(pilot, lambda: "when the preset has no errors" in screen_text(pilot))
        await put(pilot, "eps", "0.1")
        await put(pilot, "objective", "memory")
        await until(pilot, lambda: screen.query_one("#search-objective").has_class("wrong"))
        await pilot.press("escape", "g")
        objective = screen.query_one("#search-objective", FormField)
        await until(pilot, lambda: objective.field.has_focus)
        assert "a GPU alone measures that" in " ".join(screen_text(pilot).split())


async def test_the_matrix_switches_a_search_on_and_off(runs_dir: Path) -> None:
    """Its last column; the fields are there while a search is, and its section with them."""
    async with opened(runs_dir, size=SMALL) as pilot:
        screen = await compress(pilot, f'{SOUGHT}[compress]\nschemes = ["Prune"]\n')
        table = screen.query_one(SchemeTable)
        assert screen.query_one("#search-eps").display
        await pilot.press("right", "right")
        await until(
            pilot,
            lambda: table.is_on_search and "remove it from the search" in screen_text(pilot),
        )
        await pilot.press("space")
        await until(pilot, lambda: not screen.query_one("#search-eps").display)
        assert "[search]" not in screen.editor.document.text
        assert "Disabled: only the grid is run" in str(screen.query_one("#search-note").render())
        await pilot.press("down", "space")
        await until(pilot, lambda: "no density to search" in screen_text(pilot))
        await pilot.press(*["down"] * (list(named_schemes()).index("FilterPrune") - 1), "space")
        await until(pilot, lambda: screen.query_one("#search-eps").display)
    assert 'scheme = ["FilterPrune"]' in screen.editor.document.text
    assert "eps = 0.02  # two points" in screen.editor.document.text


def test_a_search_begins_beside_the_grid_and_leaves_it_as_it_was() -> None:
    """A grid that the preset leaves to its defaults is not lost to a search that needs none."""
    searching = toggle_search(PresetDocument(UNSAID), "FilterPrune")
    assert preset_of(searching).compress.schemes == ("Prune",)
    both = preset_of(toggle_search(searching, "Prune"))
    assert both.search is not None
    assert both.search.scheme == ("FilterPrune", "Prune")
    without = toggle_search(searching, "FilterPrune")
    assert "[search]" not in without.text
    assert preset_of(without).compress == preset_of(PresetDocument(UNSAID)).compress


def test_a_search_without_a_grid_stays() -> None:
    """A study without a run is none."""
    document = PresetDocument(SOUGHT)
    assert toggle_search(document, "Prune") is document


def test_comments_stay_with_the_table_that_they_are_about() -> None:
    """Off and on again: the search's own come back, the next table's never left."""
    text = f"{SOUGHT}\n# of L-C\n[lc]\nsteps = 3\n"
    document = PresetDocument(text).set_to("compress", "schemes", ["Prune"])
    without = toggle_search(document, "Prune")
    assert "[search]" not in without.text
    assert "# of L-C\n[lc]" in without.text
    again = toggle_search(without, "Prune", document)
    assert "eps = 0.02  # two points" in again.text
    assert again.text.count("# of L-C\n[lc]") == again.text.count("# of L-C") == 1


def test_a_draft_that_is_wrong_keeps_its_search_without_a_grid() -> None:
    """What is unsaid beside a search is no grid, also while nothing can be read from the preset."""
    wrong = PresetDocument(SOUGHT.replace("eps = 0.02", "eps = 2.0"))
    assert wrong.preset is None
    assert toggle_search(wrong, "Prune") is wrong
    assert toggle(wrong, "FilterPrune", None).value("compress", "schemes") == ["FilterPrune"]


def test_every_field_of_several_values_takes_a_single_one() -> None:
    """Optional ones, too."""
    assert takes_array("compress", "densities")
    assert takes_array("lc", "lr_schedule")
    assert not takes_array("lc", "steps")


async def test_a_scheme_of_its_own_is_not_searched_while_the_preset_is_wrong(
    runs_dir: Path,
) -> None:
    """The table shows the last preset that could be read; its schemes are not known any more."""
    async with opened(runs_dir, size=SMALL) as pilot:
        screen = await compress(pilot, (presets_dir() / "demo.toml").read_text())
        table = screen.query_one(SchemeTable)
        await pilot.press(*["down"] * (len(table.rows) - 1), "right", "right")
        own = screen.editor.document.preset.compress.custom[-1].name
        await until(pilot, lambda: table.selected == own and table.is_on_search)
        screen.editor.set("lc", "steps", "x")
        await pilot.press("space")
        await until(pilot, lambda: "Correct the errors of the preset first" in screen_text(pilot))


def test_the_shipped_search_is_told_before_it_is_chosen() -> None:
    """No empty line about schemes, and the words of a dry run."""
    told = describe_entry(read_entry("search"))
    assert "schemes  " not in told
    assert "search     Prune, FilterPruneGroup: the smallest density from 0.02 to 1" in told
    document = document_from("search")
    assert document.value("search", "scheme") == ["Prune", "FilterPruneGroup"]
    assert "# one percentage point" in document.set_to("search", "eps", 0.02).text


def typed(key: str, text: str) -> object:
    """Read what is typed as the field of that key does."""
    return read_typed(text, is_array=takes_array("search", key))
