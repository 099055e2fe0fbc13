"""A draft whose images are missing, or that was checked: said where one is, and by its keys."""

from pathlib import Path

import pytest

from medtui.form_hints import for_form
from medtui.tui.editor.compress_screen import CompressScreen
from medtui.tui.editor.data_inspections import DataInspections
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.document import document_from
from medtui.tui.editor.labels import with_labels
from medtui.tui.editor.preset_list import read_entry
from medtui.tui.editor.state import EditorState
from medtui.tui.editor.text_screen import PresetTextScreen
from tests.helpers.fixed_answers import answer_as_recorded
from tests.helpers.tui_pilot import notices, opened, screen_text, until


def _without_images() -> EditorState:
    """Return a draft on images that are nowhere."""
    editor = EditorState(document_from("malaria"))
    editor.set("data", "root", "/nowhere/cells")
    return editor


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        ("Set it: --set data.root=/path/to/cells", "Set it as root: /path/to/cells"),
        ("accept it: --set 'data.accept=[\"shared-patients\"]'",
         'accept it as accept: ["shared-patients"]'),
        ("Fewer steps: --set lc.steps=5\nOr wait.", "Fewer steps as lc.steps: 5\nOr wait."),
        ("No option.", "No option."),
    ],
)  # fmt: skip
def test_hints_of_the_command_line_name_fields(hint: str, words: str) -> None:
    """A form has no options."""
    assert for_form(hint) == words


@pytest.mark.parametrize(
    ("message", "section", "words"),
    [
        ("`data.size` = 'abc' must be a number", "data", "size = 'abc' must be a number"),
        ("`data.on_bad_image`: no", "data", "on bad image: no"),
        ("`compress.densities[2]` = 1.5 is", "compress", "densities (value 3) = 1.5 is"),
        ("Set data.size, or model.architecture.", "data",
         "Set size, or architecture of [model]."),
        ("`data.augment.rotation_degrees` = -1", "data.augment", "rotation degrees = -1"),
        ("No model.json in /cells/data.size.", "data", "No model.json in /cells/data.size."),
    ],
)  # fmt: skip
def test_messages_name_fields_as_the_form_does(message: str, section: str, words: str) -> None:
    """Fields of other tables with their table; what is no key stays as it is."""
    assert with_labels(message, section) == words


@pytest.mark.parametrize("key", ["g", "C"])
async def test_an_error_names_the_field_and_keys_lead_to_it(runs_dir: Path, key: str) -> None:
    """Also a key that would read the images, which a wrong field keeps from being found."""
    editor = EditorState(document_from("demo"))
    editor.set("data", "on_bad_image", "leave")
    async with opened(runs_dir, size=(80, 24)) as pilot:
        screen = DataScreen(editor)
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: "Correct on bad image first" in screen_text(pilot))
        assert "on_bad_image" not in screen_text(pilot)
        await pilot.press(key)
        await until(pilot, lambda: screen.query_one("#data-on_bad_image ChoiceInput").has_focus)
        assert pilot.app.screen is screen


async def test_what_cannot_be_read_is_said(runs_dir: Path) -> None:
    """The key that reads every image is not silent where there are none."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        await pilot.app.push_screen(DataScreen(_without_images()))
        await until(pilot, lambda: "no such folder" in screen_text(pilot))
        await pilot.press("C")
        await until(pilot, lambda: "no such folder" in screen_text(pilot).splitlines()[-1])


async def test_a_density_is_added_behind_the_others(runs_dir: Path) -> None:
    """Typing after + replaces none; without typing, nothing has changed."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        screen = CompressScreen(EditorState(document_from("demo")))
        await pilot.app.push_screen(screen)
        field = screen.query_one("#compress-densities Input")
        await until(pilot, lambda: bool(field.value))
        known, before = screen.editor.document, field.value
        densities = known.preset.compress.densities
        await pilot.press("plus")
        await until(pilot, lambda: field.has_focus)
        assert (field.selected_text, field.value) == ("", f"{before}, ")
        await pilot.press("escape")
        await until(pilot, lambda: field.value == before)
        assert screen.editor.document is known
        await pilot.press("plus", *"0.07")
        await until(pilot, lambda: screen.editor.document is not known)
        await until(pilot, lambda: screen.editor.document.preset.compress.densities
                    == (*densities, 0.07))  # fmt: skip
        await pilot.press("escape", "tab")
        assert field.value == f"{before}, 0.07"


async def test_the_text_editor_says_that_images_are_missing(runs_dir: Path) -> None:
    """A text without mistakes is not a preset that can start."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.app.push_screen(PresetTextScreen(_without_images()))
        # The panel is drawn in its old height first, where the last sentence has no room.
        await until(pilot, lambda: "Set the folder of the images as root: " in screen_text(pilot))
        await until(pilot, lambda: "but its images are not there" in screen_text(pilot))
        await until(pilot, lambda: "/nowhere/cells: no such folder" in screen_text(pilot))


async def test_data_goes_on_without_images_only_when_asked_twice(runs_dir: Path) -> None:
    """The first time the root has the focus and the footer says why."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        screen = DataScreen(_without_images())
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: "no such folder" in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: "esc and g go on" in screen_text(pilot).splitlines()[-1])
        assert pilot.app.screen is screen
        assert pilot.app.focused is screen.query_one("#data-root Input")
        await pilot.press("escape", "g")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompressScreen))


async def test_a_check_reports_where_its_panel_is_out_of_view(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 80x24 the estimate and the notes are below; the one that opens the screen is silent."""
    answer_as_recorded(monkeypatch)
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.app.push_screen(CompressScreen(EditorState(document_from("demo"))))
        await until(pilot, lambda: "about" in screen_text(pilot).splitlines()[0])
        assert "penalty budget" not in notices(pilot)
        await pilot.press("C")
        await until(pilot, lambda: "The penalty budget is 5.2." in notices(pilot))
        await until(pilot, lambda: "The penalty budget is 5.2." in screen_text(pilot))


async def test_undo_and_write_are_in_the_footer_at_80_columns(runs_dir: Path) -> None:
    """Undo as soon as there is something to undo."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.app.push_screen(CompressScreen(EditorState(document_from("demo"))))
        await until(pilot, lambda: "w Write" in screen_text(pilot).splitlines()[-1])
        assert "u Undo" not in screen_text(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "There is no change to undo." in screen_text(pilot))
        await pilot.press("right", "space")
        await until(pilot, lambda: "u Undo" in screen_text(pilot).splitlines()[-1])
        await until(pilot, lambda: "w Write" in screen_text(pilot).splitlines()[-1])


async def test_hints_are_whole_or_absent_at_80_columns(runs_dir: Path) -> None:
    """The field that one is in has its meaning in full below it, the others have none."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.app.push_screen(DataScreen(EditorState(document_from("demo"))))
        await until(pilot, lambda: "fractions" in screen_text(pilot))
        form = screen_text(pilot).splitlines()[1:13]
        assert not any("…" in line for line in form)
        pilot.app.screen.query_one("#data-limit Input").focus()
        await until(pilot, lambda: "None uses all" in screen_text(pilot)
                    or "empty uses all" in screen_text(pilot))  # fmt: skip


async def test_fractions_say_whether_they_count(runs_dir: Path) -> None:
    """Not where an official split assigns every image; by patient they do."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        await pilot.app.push_screen(DataScreen(EditorState(document_from("demo"))))
        await until(pilot, lambda: "fractions (unused)" in screen_text(pilot))
        await until(pilot, lambda: "seed (unused)" in screen_text(pilot))
        pilot.app.screen.query_one("#data-split ChoiceInput").focus()
        await pilot.press("right")
        await until(
            pilot, lambda: "Shares of train, val and test; the split is" in screen_text(pilot)
        )


def test_commands_in_a_preset_s_comment_stand_alone() -> None:
    """What follows a command does not run into it."""
    lines = read_entry("malaria").comment.splitlines()
    assert "  medtui --run malaria --set data.root=/path/to/cell_images" in lines
    assert len(lines) == 3


async def test_data_does_not_go_on_before_it_knows_of_the_images(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is quicker than the inspection does not pass what the inspection will find."""
    monkeypatch.setattr(DataInspections, "start", lambda *_: None)
    async with opened(runs_dir, size=(80, 24)) as pilot:
        screen = DataScreen(_without_images())
        await pilot.app.push_screen(screen)
        await pilot.press("g")
        await until(pilot, lambda: "esc and g go on" in screen_text(pilot).splitlines()[-1])
        assert pilot.app.screen is screen


async def test_nothing_starts_without_images_and_b_never_starts(runs_dir: Path) -> None:
    """The preset can be saved for another machine; `b` cancels a question as it goes back."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        screen = CompressScreen(_without_images())
        await pilot.app.push_screen(screen)
        await pilot.press("g")
        await until(pilot, lambda: "cannot start on this machine" in screen_text(pilot))
        assert "Start and watch" not in screen_text(pilot)
        await pilot.press("b")
        await until(pilot, lambda: pilot.app.screen is screen)
        screen.editor.take(document_from("demo"))
        await pilot.press("g")
        await until(pilot, lambda: "[h] Start and go to Home" in screen_text(pilot))
        await pilot.press("b")
        await until(pilot, lambda: pilot.app.screen is screen)
