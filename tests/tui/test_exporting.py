"""Exporting from Run and Compare: chosen by keyboard, told while it goes, called off."""

from medtui.runs.exports import FORMATS, on_test, read_exports
from medtui.runs.folder import StudyFolder
from medtui.tui.screens import export_dialog
from medtui.tui.screens.export_dialog import ExportDialog
from medtui.tui.screens.run import RunScreen
from tests.helpers.tui_pilot import notices, opened, screen_text, until


async def open_export(pilot, key: str) -> None:
    """Go to a run's screen, and on to its export."""
    pilot.app.open_run(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen) and pilot.app.screen.view)
    await pilot.press("X")
    await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
    await until(pilot, lambda: "torch.export, float32" in screen_text(pilot))


async def test_files_are_chosen_written_and_copied(exportable: StudyFolder) -> None:
    """ONNX is chosen at first; another is taken in its place; result and path are shown."""
    async with opened(exportable.path.parent, size=(80, 24)) as pilot:
        await open_export(pilot, "small/prune-0.5")
        await until(pilot, lambda: "[x] onnx" in screen_text(pilot))
        names = [each.name for each in FORMATS]
        await pilot.press("space", *["down"] * names.index("safetensors"), "enter")
        await until(pilot, lambda: "[ ] onnx" in screen_text(pilot))
        await until(pilot, lambda: "[x] safetensors" in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: "timing it" in screen_text(pilot))
        await until(pilot, lambda: "✓ small-prune-0.5.safetensors" in screen_text(pilot))
        await until(pilot, lambda: pilot.app.screen._process is None)
        await until(pilot, lambda: not pilot.app.screen._progress)
        written = read_exports(exportable.run("prune-0.5").exports)
        (export,) = [each for each in written if each.file.endswith(".safetensors")]
        within = on_test(export)[-1].max_logit_difference
        words = f"logits within {within:.1e}" if within else "logits identical"
        assert words in screen_text(pilot)
        assert (exportable.run("prune-0.5").exports / "small-prune-0.5.safetensors").is_file()
        await pilot.press("y")
        assert "Copied" in notices(pilot)
        assert "small-prune-0.5.safetensors" in pilot.app.clipboard
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


async def test_a_refusal_is_shown_with_its_cure(exportable: StudyFolder) -> None:
    """Nothing can be taken out of a run that lost single weights."""
    async with opened(exportable.path.parent) as pilot:
        await open_export(pilot, "small/prune-0.5")
        await pilot.press("end", "space", "g")
        await until(pilot, lambda: "Nothing can be removed" in screen_text(pilot))
        await until(pilot, lambda: "Export without --shrink" in screen_text(pilot))


async def test_the_opset_of_onnx_is_chosen(exportable: StudyFolder, monkeypatch) -> None:
    """Space goes on to the next; the oldest onnxruntime that loads the file stands beside it."""
    plans = []
    monkeypatch.setattr(export_dialog, "ExportProcess", lambda _, plan: plans.append(plan))
    monkeypatch.setattr(ExportDialog, "_follow", lambda *_: None)
    async with opened(exportable.path.parent, size=(80, 24)) as pilot:
        await open_export(pilot, "small/prune-0.5")
        await until(
            pilot,
            lambda: "20  ONNX opset  IR 10, for onnxruntime 1.18 and later" in screen_text(pilot),
        )
        await pilot.press("end", "up", "space", "space")
        await until(
            pilot,
            lambda: "18  ONNX opset  IR 8, for onnxruntime 1.15 and later" in screen_text(pilot),
        )
        await pilot.press("g")
    assert [(plan.formats, plan.opset, plan.ir_version) for plan in plans] == [(["onnx"], 18, 8)]


async def test_escape_calls_it_off_and_then_goes_back(exportable: StudyFolder) -> None:
    """The screen answers all the while; nothing is left of what was begun."""
    async with opened(exportable.path.parent) as pilot:
        await open_export(pilot, "small/reference")
        await pilot.press("g")
        await until(pilot, lambda: "loading" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Cancelled" in screen_text(pilot))
        await until(pilot, lambda: not pilot.app.screen._progress)
        folder = exportable.reference.exports
        assert not folder.exists() or list(folder.iterdir()) == []
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


async def test_a_run_without_a_model_has_nothing_to_export(exportable: StudyFolder) -> None:
    """It is said, and no screen opens."""
    async with opened(exportable.path.parent) as pilot:
        pilot.app.open_run("small/unfinished")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("X")
        await until(pilot, lambda: "Only the model of a finished run" in screen_text(pilot))


async def test_compare_exports_the_run_under_the_cursor(exportable: StudyFolder) -> None:
    """The same screen, for that run."""
    async with opened(exportable.path.parent) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: "5 of 5 runs" in screen_text(pilot))
        await pilot.press("X")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
        await until(pilot, lambda: "Export small/" in screen_text(pilot))


async def test_every_option_says_what_it_is_for(exportable: StudyFolder) -> None:
    """Also those that are no formats; at 80 columns as well."""
    async with opened(exportable.path.parent, size=(80, 24)) as pilot:
        await open_export(pilot, "small/prune-0.5")
        for words in ("on any processor", "loads in older versions of", "that are empty"):
            await until(pilot, lambda words=words: words in screen_text(pilot))
            steps = ["up", "up"] if words == "on any processor" else ["down"]
            await pilot.press(*steps)
