"""Run: a live run, a saved one, and one that vanishes."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from medtui.events import CycleEnded, RunStarted
from medtui.monitor.snapshot import Snapshot
from medtui.runs.log.writer import EventWriter
from medtui.tui.screens.confirm import ConfirmDialog
from medtui.tui.screens.help import HelpScreen
from medtui.tui.screens.home import HomeScreen
from medtui.tui.screens.run import RunScreen
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.progress_header import ProgressHeader
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import (
    notices,
    open_live_run,
    opened,
    screen_strips,
    screen_text,
    until,
)


def colours_of_body(pilot: Pilot[None]) -> set[str]:
    """Return the colours of the text between the header and the footer."""
    strips = screen_strips(pilot)[4:-1]
    return {
        str(segment.style.color.name)
        for strip in strips
        for segment in strip
        if segment.text.strip() and segment.style and segment.style.color
    }


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 20)])
async def test_a_live_run_is_readable_at_every_size(
    runs_dir: Path, showcase: list[RecordedStudy], size: tuple[int, int]
) -> None:
    """Title, time left and the accuracy chart are there; no line is wider than the screen."""
    async with opened(runs_dir, size=size) as pilot:
        await open_live_run(pilot)
        text = screen_text(pilot)
        assert "malaria ▸ B Prune 0.1" in text.splitlines()[0]
        assert "left" in text
        assert "Accuracy, %" in text
        assert "● val" in text
        assert all(len(line) <= size[0] for line in text.splitlines())


async def test_metric_and_band_have_their_keys(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """`m` shows the next metric, `i` the next band, as on Home and Compare."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        await pilot.press("m")
        await until(pilot, lambda: "━ AUROC ━" in screen_text(pilot))
        await pilot.press("i")
        await until(pilot, lambda: "no interval yet" in screen_text(pilot))


async def test_a_silent_run_is_dimmed_and_says_from_when_its_numbers_are(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """No time left, no bar of progress, and no colour as in the picture of a live run."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        assert screen.view is not None
        assert screen.snapshot is not None
        lit = colours_of_body(pilot)
        last_at = screen.view.row.last_at
        row = replace(screen.view.row, status="silent")
        view = replace(screen.view, row=row, ending="host a shows no heartbeat.")
        show = replace(screen.snapshot, view=view)
        screen.receive = lambda _: None  # type: ignore[method-assign]  # no live snapshot after it
        screen.snapshot = show
        screen.reshow()
        when = time.strftime("%H:%M", time.localtime(last_at))
        await until(pilot, lambda: "silent as of" in screen_text(pilot))
        text = screen_text(pilot)
        assert when in text.splitlines()[0]
        assert "cycle 31/45, 70 % as of" in text.splitlines()[1]
        assert "no heartbeat" in text.splitlines()[1]
        assert " left" not in text.splitlines()[1]
        await until(pilot, lambda: not lit & colours_of_body(pilot))


async def test_where_there_is_no_room_tab_goes_through_the_panes(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """At 80x24 one pane is shown at a time."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await open_live_run(pilot)
        for name in ("answer", "left", "middle", "right", "curves"):
            await pilot.press("tab")
            shown = [pane.id for pane in pilot.app.screen.query(".pane") if pane.region.area]
            assert shown == [name]


async def test_z_gives_a_chart_the_whole_screen(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """And gives it back."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        chart = pilot.app.screen.query_one("#curves", Chart)
        width = chart.size.width
        await pilot.press("z")
        await until(pilot, lambda: chart.size.width > width)
        await pilot.press("z")
        await until(pilot, lambda: chart.size.width == width)


async def test_a_finished_run_shows_its_result_where_the_progress_was(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Metrics with intervals and sizes; `,` and `.` go through the study's runs."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        await pilot.press("comma")
        await until(pilot, lambda: "sparse, MiB" in screen_text(pilot))
        text = screen_text(pilot)
        assert "% test accuracy" in text
        assert "lowest val loss" in text
        await pilot.press("full_stop")
        await until(pilot, lambda: "Prune 0.1" in screen_text(pilot))


async def test_a_new_cycle_appears_while_one_looks(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Another process appends to the log; the screen follows."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        run = showcase[-1].folder.run("prune-0.1")
        with EventWriter(run.events) as writer:
            writer.write(CycleEnded(31, {"accuracy": 0.9999}, is_best=True, seconds=1.0))
        await until(pilot, lambda: "cycle 31" in screen_text(pilot))
        assert "best" not in screen_text(pilot)


async def test_a_run_opened_again_is_shown_again(runs_dir: Path) -> None:
    """Nothing in the folder changes in between, so the reading thread has no news of it."""
    study = RecordedStudy(runs_dir, "over")
    study.reference()
    async with opened(runs_dir) as pilot:
        for _ in range(3):
            await pilot.press("enter", "enter")
            await until(pilot, lambda: "● val 96" in screen_text(pilot))
            await pilot.press("b")
            await until(pilot, lambda: "Studies" in screen_text(pilot))


async def test_a_run_that_was_left_is_read_no_more(runs_dir: Path) -> None:
    """Home needs no curves; the next snapshot has no view of a run."""
    RecordedStudy(runs_dir, "over").reference()
    async with opened(runs_dir) as pilot:
        await pilot.press("enter", "enter")
        await until(pilot, lambda: pilot.app.screen.snapshot.view is not None)
        await pilot.press("b")
        await until(pilot, lambda: pilot.app.screen.snapshot.view is None)


async def test_dead_layers_are_named_where_the_eye_is(runs_dir: Path) -> None:
    """A collapsed layer is a warning above the charts, by name."""
    study = RecordedStudy(runs_dir, "guardless")
    study.reference()
    run = study.run("filterprune-0.5", dead=["conv1", "layer1.0.conv2"], cycles=5, end="")
    study.hold(study.folder, run)
    async with opened(runs_dir) as pilot:
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "collapsed layers" in screen_text(pilot))
        await until(pilot, lambda: "conv1, layer1.0.conv2" in screen_text(pilot))
    study.release()


async def test_without_a_gpu_the_pane_says_what_it_shows_instead(runs_dir: Path) -> None:
    """CPU time is never passed off as GPU utilisation."""
    study = RecordedStudy(runs_dir, "cpu-only", gpu=False)
    study.reference(epochs=5)
    study.hold(study.folder, study.folder.reference)
    async with opened(runs_dir) as pilot:
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "Process and machine" in screen_text(pilot))
        await until(pilot, lambda: "No NVIDIA driver is installed." in screen_text(pilot))


async def test_a_run_deleted_under_the_view_is_said_to_be_gone(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Nothing breaks; the title says it."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        shutil.rmtree(showcase[-1].folder.path)
        pilot.app.poller.poll_now()
        await until(pilot, lambda: "run not found" in screen_text(pilot))


async def _settled_drawing(pilot: Pilot[None], chart: Chart) -> object:
    """Return the chart's drawing once no work at its opening replaces it any more."""
    drawing = None
    while drawing is not chart._strips:
        drawing = chart._strips
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    return drawing


async def test_nothing_is_drawn_again_when_nothing_changed(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The same snapshot twice costs no drawing."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        chart = pilot.app.screen.query_one("#curves", Chart)
        await until(pilot, lambda: chart.is_drawn)
        drawing = await _settled_drawing(pilot, chart)
        pilot.app.screen.reshow()
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        assert chart._strips is drawing


async def test_the_mouse_chooses_charts_and_reads_points(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """A click on a name in the title shows that chart; one on the chart reads the nearest point."""
    async with opened(runs_dir) as pilot:
        pilot.app.open_run("malaria/prune-0.1")
        await until(pilot, lambda: "7 L-C" in screen_text(pilot))
        chart = pilot.app.screen.query_one("#curves", Chart)
        await _settled_drawing(pilot, chart)
        title = screen_text(pilot).splitlines()[chart.region.y]
        await pilot.click("#curves", offset=(title.index("AUROC"), 0))
        await until(pilot, lambda: chart.plot is not None and chart.plot.title == "AUROC")
        await pilot.app.workers.wait_for_complete()
        await pilot.click("#curves", offset=(10, 5))
        await until(pilot, lambda: chart.viewport.cursor is not None)
        assert f"cycle {chart.viewport.cursor:.0f}:" in str(chart.border_subtitle)


async def test_the_screen_below_is_not_drawn(
    runs_dir: Path, showcase: list[RecordedStudy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Textual would draw the whole screen above again, ten times the bytes of what changed."""
    shown = list[Snapshot]()
    monkeypatch.setattr(HomeScreen, "show", lambda _screen, snapshot: shown.append(snapshot))
    async with opened(runs_dir) as pilot:
        pilot.app.open_run("malaria/prune-0.1")
        await until(pilot, lambda: "cycle 31/45" in screen_text(pilot))
        shown.clear()
        home, run = pilot.app.screen_stack[-2:]
        assert isinstance(home, HomeScreen)
        for screen in (home, run):
            screen.receive(run.snapshot)
        assert shown == []
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        run.receive(run.snapshot)
        assert run.is_seen, "a question leaves the screen below in view"


async def test_help_explains_the_screen_in_view(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """`?` and F1 list the keys of the screen below and the words."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        for key in ("question_mark", "f1"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
            text = screen_text(pilot)
            assert "Keys of this screen" in text
            assert "Move to the next pane" in text
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


async def test_the_palette_holds_every_action(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Whatever a key does has a command."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        titles = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {
            "Stop this run, or its study, after the current step",
            "Show the next run of the study",
            "Show the pane on the whole screen, or all panes again",
            "Go back to the screen before",
            "Quit; studies can continue to run",
        } <= titles


@pytest.mark.parametrize("theme", ["medtui-light", "ansi-dark", "textual-light", "medtui-dark"])
async def test_themes_change_the_charts_too(
    runs_dir: Path, showcase: list[RecordedStudy], theme: str
) -> None:
    """Colours follow the background."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        pilot.app.theme = theme
        await until(pilot, lambda: pilot.app.screen.query_one("#curves", Chart).is_drawn)
        await until(pilot, lambda: "Accuracy, %" in screen_text(pilot))


async def test_ascii_mode_sends_nothing_but_ascii(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Frames, bars, marks and curves are all drawn in ASCII, on every screen."""
    async with opened(runs_dir, is_ascii=True) as pilot:
        assert screen_text(pilot).isascii()
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "BBB" in screen_text(pilot))
        assert screen_text(pilot).isascii()
        await pilot.press("question_mark")
        await pilot.pause()
        assert screen_text(pilot).isascii()


async def test_one_pane_has_the_colour_of_the_focus(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The frame of the pane that takes the keys differs from all others, whichever it is."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        await open_live_run(pilot)
        frames = pilot.app.screen.query("#curves, #answer, #left, #middle, #log")
        for name in ("answer", "left", "middle", "log", "curves"):
            await pilot.press("tab")
            await pilot.pause()
            lit = pilot.app.theme_variables["primary"].upper()
            focused = [each.id for each in frames if each.styles.border_top[1].hex.upper() == lit]
            assert focused == [name]


async def test_narrowing_the_terminal_leaves_no_blank_row(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The header is as high as its lines at every width, and gone where it has none."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        await open_live_run(pilot)
        for key, num_lines in (("malaria/prune-0.1", 1), ("demo/prune-0.1", 0)):
            pilot.app.open_run(key)
            await until(pilot, lambda: bool(header_of(pilot)) and "seed 0" in screen_text(pilot))
            assert header_of(pilot)[0].size.height == 2
            await pilot.resize_terminal(60, 20)
            await until(pilot, lambda: pilot.app.screen.size.width == 60)
            await pilot.pause()
            blank = [line for line in screen_text(pilot).splitlines()[:3] if not line.strip()]
            assert not blank
            assert sum(each.size.height for each in header_of(pilot) if each.display) == num_lines
            await pilot.resize_terminal(120, 40)


def header_of(pilot: Pilot[None]) -> list[ProgressHeader]:
    """Return the lines below the title, if the screen has them."""
    return list(pilot.app.screen.query(ProgressHeader))


async def test_a_stopped_run_of_a_study_that_goes_on_is_queued(runs_dir: Path) -> None:
    """The screen promises what `r` does, and `r` does it: after the others."""
    study = RecordedStudy(runs_dir, "goes-on")
    study.reference()
    stopped = study.run("prune-0.5", cycles=5, end="stopped")
    lost = study.folder.run("filterprune-0.5")
    with EventWriter(lost.events, clock=study.clock) as writer:
        writer.write(RunStarted(4242, "gpubox", "cpu", "AMD EPYC", 1))
    current = study.run("prune-0.1", cycles=5, end="")
    study.hold(study.folder, current)
    async with opened(runs_dir) as pilot:
        pilot.app.open_run("goes-on/prune-0.5")
        await until(pilot, lambda: "after the other runs" in screen_text(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "Prune 0.5 resumes after" in notices(pilot))
        assert stopped.queued.exists()
        pilot.app.open_run("goes-on/filterprune-0.5")
        await until(pilot, lambda: "no checkpoint was written" in screen_text(pilot))
        assert "from its last checkpoint" not in screen_text(pilot)
    study.release()
