"""The Data screen: previews, a look at every image, and calling it off."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtui.jobs.dataset_inspection import AugmentationPreview, FullInspection
from medtui.preset import DataSettings
from medtui.protocol.dataset import DataReport, Reading
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.new_study_screen import NewStudyScreen
from tests.helpers.tui_pilot import opened, screen_text, until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return class folders of 12 images each, one of them damaged."""
    root = tmp_path / "cells"
    for number in range(24):
        path = root / ("ring", "plain")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (20, 24, 3), np.uint8)
        Image.fromarray(noise).save(path)
    damaged = root / "ring" / "0.png"
    damaged.write_bytes(damaged.read_bytes()[:-40])
    return root


def settings_of(folder: Path) -> DataSettings:
    """Return settings that open `folder` without a card of its own."""
    return DataSettings(card="folders", root=str(folder), split="image")


def test_previews_are_shown_before_and_after_augmentation() -> None:
    """The process that knows torch gives small pictures, and augmentation changed them."""
    previews = AugmentationPreview(DataSettings(card="demo")).wait()
    assert {preview.label for preview in previews} == {"Uninfected", "Parasitized"}
    assert len(previews) == 6
    for preview in previews:
        before, after = np.array(preview.image), np.array(preview.augmented)
        assert before.shape == after.shape == (16, 16, 3)
        assert np.abs(before - after).mean() > 1


def test_a_look_at_every_image_names_the_bad_ones(folder: Path) -> None:
    """Progress comes as it goes; the report tells kinds, sides and what is wrong."""
    told: list[Reading] = []
    report = FullInspection(settings_of(folder)).follow(told.append)
    assert report.checked is not None
    assert report.checked.kinds == {"PNG RGB": 23}
    assert report.checked.sides == (20, 24)
    assert list(report.checked.bad) == ["ring/0.png"]
    assert told
    assert any("cannot be used" in each.sentence for each in report.findings)


def test_a_look_that_is_called_off_is_no_report(folder: Path) -> None:
    """A killed process gives a sentence and no numbers."""
    look = FullInspection(settings_of(folder))
    look.cancel()
    report = look.follow(lambda _: None)
    assert "was cancelled" in report.problem
    assert report.checked is None


async def data_screen(pilot) -> DataScreen:
    """Go to the demo's Data screen; the first look is done."""
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
    await until(pilot, lambda: "no patient is in more than one split" in screen_text(pilot))
    return pilot.app.screen


async def test_every_image_is_read_on_request(runs_dir: Path) -> None:
    """They are all read, and the screen says so."""
    async with opened(runs_dir) as pilot:
        await data_screen(pilot)
        await until(pilot, lambda: "images not checked · C reads every image" in screen_text(pilot))
        await until(pilot, lambda: "C Check images" in screen_text(pilot).splitlines()[-1])
        await pilot.press("C")
        await until(pilot, lambda: "✓ every image" in screen_text(pilot))
        await until(pilot, lambda: "· std " in screen_text(pilot))


async def test_reading_is_called_off_by_the_same_action(runs_dir: Path) -> None:
    """The second time ends the process; nothing it still says is taken."""
    async with opened(runs_dir) as pilot:
        screen = await data_screen(pilot)
        screen.action_check()
        screen.action_check()
        await until(pilot, lambda: "reads every image" in screen_text(pilot))
        assert screen._inspections.running == [] or all(
            not isinstance(look, FullInspection) for look in screen._inspections.running
        )
        assert isinstance(screen._inspections.report, DataReport)
        assert screen._inspections.report.checked is None


async def test_what_is_below_is_reached_by_keyboard(runs_dir: Path) -> None:
    """On 80 columns the parts lie below the form; page down shows them."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await until(pilot, lambda: "images · 2 classes" in screen_text(pilot))
        assert "no patient is in more than one split" not in screen_text(pilot)
        await pilot.press("pagedown")
        await until(pilot, lambda: "no patient is in more than one split" in screen_text(pilot))


def used(screen: DataScreen) -> str:
    """Return the augmentation that the report states."""
    report = screen._inspections.report
    return report.augment if report else ""


async def test_augmentation_is_edited_in_place_of_the_card_s(runs_dir: Path) -> None:
    """The fields are empty, reached by Tab at 80x24, and the report shows what is used."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await pilot.press("tab")
        while pilot.app.focused.parent.id != "data-augment-rotation_degrees":
            await pilot.press("tab")
        await until(pilot, lambda: "Rotate by an angle" in screen_text(pilot))
        assert pilot.app.focused.value == ""
        await pilot.press("4", "5")
        screen = pilot.app.screen
        await until(pilot, lambda: screen.editor.document.preset.data.augment is not None)
        assert screen.editor.document.preset.data.augment.rotation_degrees == 45
        await until(pilot, lambda: used(screen) == "rotation degrees 45")


async def test_a_wrong_field_outdates_the_report_and_gets_the_focus(runs_dir: Path) -> None:
    """Nothing is said of an earlier root; the next step leads to the field."""
    async with opened(runs_dir) as pilot:
        screen = await data_screen(pilot)
        screen.editor.set("data", "root", "/nowhere")
        screen.action_reload()
        await until(pilot, lambda: "/nowhere" in screen_text(pilot))
        screen.editor.set("data", "root", None)
        screen.editor.set("data", "size", "abc")
        screen._show()
        await until(pilot, lambda: "Correct size first" in screen_text(pilot))
        assert "no such npz file" not in screen_text(pilot)
        screen.action_next()
        field = screen.query_one("#data-size Input")
        await until(pilot, lambda: field.has_focus)
