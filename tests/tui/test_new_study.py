"""A new study, from nothing to a start, by keyboard alone."""

from pathlib import Path

import pytest

from medtui.datasets.inspection import look
from medtui.jobs.available_devices import list_devices
from medtui.preset import Preset, expand_grid, named_schemes, parse_preset
from medtui.protocol.dataset import DataReport
from medtui.protocol.preflight import CellForecast, Estimate, Preflight
from medtui.resources import preset_names
from medtui.tui.editor.compress_screen import CompressScreen
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.document import (
    PresetDocument,
    document_from,
    read_typed,
    sections,
    show_typed,
)
from medtui.tui.editor.grid import toggle
from medtui.tui.editor.labels import heading_of
from medtui.tui.editor.new_study_screen import NewStudyScreen
from medtui.tui.editor.scheme_table import SchemeTable
from medtui.tui.editor.state import EditorState
from tests.helpers.tui_pilot import opened, screen_text, until

COMMENTED = """# what it reproduces
schema = 1
name = "demo"  # its name
[data]
card = "demo"
[lc]
cycles = 7  # few
"""


def test_changing_a_key_keeps_comments_and_the_rest() -> None:
    """What a person wrote about a preset is not lost by editing it on screen."""
    document = PresetDocument(COMMENTED).set_to("lc", "steps", 10).set_to("lc", "cycles", 9)
    assert "# what it reproduces" in document.text
    assert "# few" in document.text
    assert document.preset is not None
    assert (document.preset.lc.cycles, document.preset.lc.steps) == (9, 10)


def test_an_emptied_field_means_the_default() -> None:
    """Removing a key is not setting it to nothing."""
    document = PresetDocument(COMMENTED).set_to("lc", "cycles", None)
    assert document.preset is not None
    assert document.preset.lc.cycles == 45
    assert document.value("lc", "cycles") == 45


def test_a_wrong_value_is_said_at_its_field_and_nowhere_else() -> None:
    """The same sentence the command line would give, under the key it belongs to."""
    document = (
        PresetDocument(COMMENTED)
        .set_to("lc", "cycles", 0)
        .set_to("compress", "densities", [0.1, 1.5])
    )
    assert document.preset is None
    assert "lc.cycles" in document.problem_of("lc", "cycles")
    assert "densities" in document.problem_of("compress", "densities")
    assert document.problem_of("lc", "steps") == ""


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("0.5, 0.1", [0.5, 0.1]),
        ("7", 7),
        ("on", "on"),
        ("/a b/c", "/a b/c"),
        ("", None),
        ("true", True),
    ],
)
def test_what_is_typed_is_read_as_its_kind(typed: str, value: object) -> None:
    """No quotes, no brackets; the same comes back on screen."""
    assert read_typed(typed) == value
    assert read_typed(show_typed(value)) == value


def test_a_look_counts_classes_patients_and_draws_previews() -> None:
    """The demo's report, as the probe process gives it."""
    preset = document_from("demo").preset
    assert preset is not None
    report = look(preset.data)
    assert report.problem == ""
    assert report.has_patients
    assert {preview.label for preview in report.previews} == set(report.classes)
    assert all(len(preview.image) == 16 for preview in report.previews)


def test_a_look_at_nothing_is_a_sentence(tmp_path: Path) -> None:
    """Missing data is a report with a problem, no traceback."""
    data = parse_preset(
        COMMENTED.replace('card = "demo"', 'card = "malaria"\nroot = "/none"'), "x"
    ).data
    assert "/none" in look(data).problem


async def test_a_preset_is_set_up_and_started_by_keyboard(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home, preset, data, schemes, start; the process that starts is asserted by its preset."""
    started: list[Preset] = []

    def start(_actions: object, preset: Preset) -> str:
        started.append(preset)
        return "demo"

    monkeypatch.setattr("medtui.tui.actions.study_actions.StudyActions.start", start)
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await until(pilot, lambda: "no patient is in more than one split" in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompressScreen))
        await pilot.press("down", "space", "plus")
        await pilot.press("ctrl+u", *("full_stop" if each == "." else each for each in "0.5, 0.2"))
        await until(pilot, lambda: "[0.5, 0.2]" in pilot.app.screen.editor.document.text)
        await pilot.press("escape", "g", "h")
        await until(pilot, lambda: started != [])
    assert started[0].compress.schemes == (
        "Prune",
        "PruneQuantize16",
        "FilterPrune90",
        "FilterPrune90Stock",
        "Quantize16",
    )
    assert started[0].compress.densities == (0.5, 0.2)


async def test_single_cells_are_chosen_by_keyboard(runs_dir: Path) -> None:
    """Space on a cell leaves it out, on a dropped scheme's cell takes that one alone."""
    async with opened(runs_dir) as pilot:
        await compress(pilot)
        screen = pilot.app.screen
        screen.editor.set("compress", "densities", [0.5, 0.1])
        screen._show()
        await pilot.press("right", "space")
        await until(pilot, lambda: 'omit = ["prune-0.5"]' in screen.editor.document.text)
        await until(pilot, lambda: "□" in screen_text(pilot))
        rows = list(named_schemes())
        await pilot.press(*["down"] * rows.index("FilterPrune"), "right", "space")
        preset = screen.editor.document.preset
        names = {cell.slug for cell in expand_grid(preset) if cell.density is not None}
        assert names == {
            "prune-0.1", "prunequantize16-0.5", "prunequantize16-0.1", "filterprune-0.1",
        }  # fmt: skip
        await pilot.press("space")
        assert "FilterPrune" not in screen.editor.document.preset.compress.schemes


def test_the_last_cell_stays() -> None:
    """A study without a run is none; neither cell nor scheme can be dropped then."""
    document = PresetDocument(COMMENTED)
    assert toggle(document, "Prune", 0.1) is document
    assert toggle(document, "Prune", None) is document


@pytest.mark.parametrize("density", [0.1, None])
def test_a_search_lets_the_last_cell_go(density: float | None) -> None:
    """It is a study without a grid; what was left out of the grid is forgotten with it."""
    document = PresetDocument(
        f'{COMMENTED}[search]\nscheme = "Prune"\n[compress]\nschemes = ["Prune"]\n'
    )
    document = toggle(document.set_to("compress", "densities", [0.5, 0.1]), "Prune", 0.5)
    bare = toggle(document, "Prune", density)
    assert bare.preset is not None
    assert bare.preset.compress.schemes == ()
    assert bare.preset.compress.omit == ()
    chosen = toggle(bare, "FilterPrune", None).preset
    assert chosen is not None
    assert chosen.compress.schemes == ("FilterPrune",)


def test_a_scheme_dropped_takes_its_omissions_along() -> None:
    """As a density does: what is omitted is always a run of the grid."""
    document = PresetDocument(COMMENTED).set_to("compress", "densities", [0.5, 0.1])
    document = toggle(toggle(document, "FilterPrune", 0.1), "Prune", 0.5)
    assert document.value("compress", "omit") == ["prune-0.5", "filterprune-0.5"]
    assert toggle(document, "FilterPrune", None).value("compress", "omit") == ["prune-0.5"]
    editor = EditorState(document)
    editor.set("compress", "densities", [0.1])
    assert editor.document.value("compress", "omit") == ()
    assert editor.document.preset is not None


async def test_an_error_stands_under_its_field_and_nothing_starts(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong density is named in the form and gets the focus from Start."""
    async with opened(runs_dir) as pilot:
        await compress(pilot)
        await pilot.press("plus", "7")
        await until(pilot, lambda: "densities" in str(pilot.app.screen.editor.document.problems))
        await pilot.press("escape", "g")
        field = pilot.app.screen.query_one("#compress-densities Input")
        await until(pilot, lambda: field.has_focus)
        await until(pilot, lambda: "(value 2)" in screen_text(pilot))
        await until(pilot, lambda: "less than or" in screen_text(pilot))
        await until(pilot, lambda: "problem" in screen_text(pilot))


async def test_a_preset_is_saved_with_its_comments(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`w` writes the file; the same name twice is refused unless it is one's own."""
    monkeypatch.chdir(tmp_path)
    async with opened(runs_dir) as pilot:
        await compress(pilot)
        await pilot.press("w", "enter")
        await until(pilot, (tmp_path / "demo.toml").is_file)
    assert "# A first study" in (tmp_path / "demo.toml").read_text(encoding="utf-8")


async def test_a_forecast_shows_what_each_cell_keeps(runs_dir: Path) -> None:
    """Percentages of weights; emptied layers are a warning."""
    async with opened(runs_dir) as pilot:
        await compress(pilot)
        screen = pilot.app.screen
        screen._check.state.forecasts = {
            ("Prune", 0.1): CellForecast("prune-0.1", "Prune", 0.1, 1000, 100, 1100),
            ("PruneQuantize16", 0.1): CellForecast(
                "x", "PruneQuantize16", 0.1, 1000, 60, 1100, layers_emptied=["conv1"]
            ),
        }
        screen._show()
        await until(pilot, lambda: "⚠ 6 %" in screen_text(pilot))
        await until(pilot, lambda: "10 %" in screen_text(pilot))
        assert pilot.app.screen.query_one(SchemeTable).selected == "Prune"


async def test_time_and_disk_are_said_and_forgotten_with_a_change(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured for one preset is not shown for another."""
    measured = Estimate("cpu", 2, 60.0, 30.0, 120.0, 2**30)
    outcome = Preflight(0, 0, 0, 0, [], [], 1.0, estimate=measured)
    monkeypatch.setattr("medtui.jobs.measured_estimates.preflight", lambda _preset, **_: outcome)
    async with opened(runs_dir) as pilot:
        await compress(pilot)
        await until(pilot, lambda: "about 2 min" in screen_text(pilot))
        await until(pilot, lambda: "1 GiB" in screen_text(pilot))
        monkeypatch.setattr(
            "medtui.jobs.measured_estimates.preflight",
            lambda _preset, **_: Preflight(0, 0, 0, 0, [], [], 1.0),
        )
        await pilot.press("down", "space")
        await until(pilot, lambda: "about 2 min" not in screen_text(pilot))


async def test_a_preset_is_explained_before_it_is_chosen(runs_dir: Path) -> None:
    """Its comment, its data and its grid."""
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(
            pilot, lambda: "trains a ResNet-18 on the generated blood cells" in screen_text(pilot)
        )
        await pilot.press("down")
        panel = pilot.app.screen.query_one("#about-preset")
        await until(pilot, lambda: preset_names()[1] in str(panel.border_title))


def test_a_machine_without_gpu_says_why() -> None:
    """The device field offers what there is."""
    devices = list_devices()
    assert {"auto", "cpu"} <= set(devices.names)
    assert devices.description


async def compress(pilot: object) -> None:
    """Go to the Compress screen of the demo."""
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
    await pilot.press("g")
    await until(pilot, lambda: isinstance(pilot.app.screen, CompressScreen))
    await until(pilot, lambda: "Schemes" in screen_text(pilot))


def test_the_report_of_nothing_is_empty() -> None:
    """The default report claims no data."""
    assert DataReport().splits == []


def test_a_table_within_a_table_comes_with_its_first_key_and_goes_with_its_last():
    """Without `[data.augment]` the card's augmentation is used, and the form is empty."""
    plain = PresetDocument(COMMENTED)
    assert plain.value("data.augment", "hue") is None
    changed = plain.set_to("data.augment", "flip_vertical", value=True)
    assert "[data.augment]\nflip_vertical = true" in changed.text
    assert changed.preset.data.augment.flip_vertical
    assert changed.value("data.augment", "hue") == 0.0
    wrong = changed.set_to("data.augment", "hue", 3)
    assert "0.5" in wrong.problem_of("data.augment", "hue")
    emptied = changed.set_to("data.augment", "flip_vertical", None)
    assert emptied.preset == plain.preset
    assert emptied.preset.data.augment is None


def test_a_form_shows_the_defaults_of_the_preset_s_schema() -> None:
    """A preset of schema 1 trains no control, and its form does not say that it does."""
    for schema, shown in ((1, False), (2, True)):
        text = f'schema = {schema}\nname = "some"\n[data]\ncard = "demo"\n'
        document = PresetDocument(text)
        assert document.preset is not None
        assert document.value("compress", "control") is shown
        assert document.preset.compress.control is shown


def test_no_heading_of_a_form_has_markdown() -> None:
    """The sentences of the schema are Markdown; a terminal shows their words."""
    headings = [heading_of(section) for section in sections()]
    assert any("eps" in heading for heading in headings)
    assert not [heading for heading in headings if "`" in heading]


async def test_an_edited_draft_is_not_dropped_without_a_question(runs_dir: Path) -> None:
    """By `b` on Data and by `q` on Compress; an untouched one is."""
    async with opened(runs_dir) as pilot:
        await compress(pilot)
        editor = pilot.app.screen.editor
        assert not editor.is_edited
        await pilot.press("down", "space")
        await until(pilot, lambda: editor.is_edited)
        await pilot.press("q")
        await until(pilot, lambda: "changes that were not written" in screen_text(pilot))
        await pilot.press("enter", "b")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await pilot.press("b")
        await until(pilot, lambda: "Discard the changes of demo?" in screen_text(pilot))
        await pilot.press("w")
        await until(pilot, lambda: "Save this preset as" in screen_text(pilot))
        await pilot.press("escape", "b")
        await until(pilot, lambda: "[d] Discard the changes" in screen_text(pilot))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
