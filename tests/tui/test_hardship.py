"""What must not break the screen: other viewers, vanished and damaged folders, sizes, clocks."""

import os
import shutil
from pathlib import Path

import pytest

from medtui.events import StepsAdvanced
from medtui.monitor.folder_reader import FolderReader
from medtui.runs.log.history import Line
from medtui.runs.log.record import Record, encode_record
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.widgets.log_view import LogView, new_from
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import open_live_run, opened, screen_text, until

LOG_BYTES = 8 * 1024 * 1024
"""Of the huge log in the default suite; `slow` tries 300 MiB."""


async def test_two_applications_show_one_run(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """Neither writes, so neither disturbs the other."""
    async with opened(runs_dir) as one, opened(runs_dir, size=(80, 24)) as other:
        for pilot in (one, other):
            await open_live_run(pilot)
        before = sorted(path.name for path in showcase[-1].folder.path.rglob("*"))
        await one.press("b")
        await until(other, lambda: "cycle 31/45" in screen_text(other))
    assert sorted(path.name for path in showcase[-1].folder.path.rglob("*")) == before


async def test_a_killed_worker_is_called_lost_and_can_be_resumed(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Its lock is free and its log has no last word."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        showcase[-1].release()
        await until(pilot, lambda: "exited unexpectedly. Press r to resume" in screen_text(pilot))


async def test_the_runs_folder_vanishes_and_comes_back(
    runs_dir: Path, showcase: list[RecordedStudy], tmp_path: Path
) -> None:
    """Home is empty meanwhile, and full again afterwards."""
    async with opened(runs_dir) as pilot:
        shutil.move(runs_dir, tmp_path / "elsewhere")
        pilot.app.poller.poll_now()
        await until(pilot, lambda: "Welcome" in screen_text(pilot))
        shutil.move(tmp_path / "elsewhere", runs_dir)
        pilot.app.poller.poll_now()
        await until(pilot, lambda: "Runs of malaria" in screen_text(pilot))


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every folder")
def test_an_unreadable_study_is_shown_with_its_problem(runs_dir: Path) -> None:
    """The others are not hidden by it."""
    RecordedStudy(runs_dir, "open").reference()
    closed = RecordedStudy(runs_dir, "closed")
    closed.folder.path.chmod(0)
    try:
        rows = FolderReader(runs_dir).read("closed/reference", refresh_all=True).studies
    finally:
        closed.folder.path.chmod(0o755)
    assert {row.name: bool(row.problem) for row in rows} == {"open": False, "closed": True}


async def test_a_runs_folder_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    """A file where the folder should be."""
    place = tmp_path / "file"
    place.write_text("", encoding="utf-8")
    async with opened(place) as pilot:
        await until(pilot, lambda: "cannot be read: Not a directory" in screen_text(pilot))


@pytest.mark.parametrize(
    "num_bytes", [LOG_BYTES, pytest.param(300 * 1024 * 1024, marks=pytest.mark.slow)]
)
def test_a_huge_log_is_read_in_slices(runs_dir: Path, num_bytes: int) -> None:
    """The first view is there at once; what is kept of the log stays small."""
    study = RecordedStudy(runs_dir, "huge")
    run = study.run("prune-0.1", cycles=3, end="")
    seq = len(run.events.read_bytes().splitlines())
    lines = [
        encode_record(Record(seq + number, 1.79e9 + number, StepsAdvanced(3, 1, 200, 0.5, 4e4)))
        for number in range(10_000)
    ]  # fmt: skip
    block = b"".join(lines)
    with run.events.open("ab") as file:
        for _ in range(num_bytes // len(block) + 1):
            file.write(block)
    reader = FolderReader(runs_dir)
    view = reader.read("huge/prune-0.1", refresh_all=True).view
    assert view is not None
    assert view.is_behind
    while reader.is_behind:
        reader.read_more()
    view = reader.read("huge/prune-0.1", refresh_all=False).view
    assert view is not None
    assert not view.is_behind
    assert len(view.losses) <= 5_000


async def test_five_hundred_runs_are_listed(runs_dir: Path) -> None:
    """Fifty studies of eleven runs; the cursor gets to the last."""
    pattern = RecordedStudy(runs_dir, "study-00")
    pattern.reference(epochs=2)
    for number in range(1, 50):
        shutil.copytree(pattern.folder.path, runs_dir / f"study-{number:02}")
    async with opened(runs_dir) as pilot:
        await until(pilot, lambda: "Home  50 studies" in screen_text(pilot))  # all are read
        await pilot.press("o", "ctrl+end")
        await until(pilot, lambda: "Runs of study-49" in screen_text(pilot))


async def test_a_clock_that_jumps_changes_no_order_and_no_age_below_zero(
    runs_dir: Path, showcase: list[RecordedStudy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study whose events are of tomorrow is as old as now."""
    monkeypatch.setattr(SnapshotScreen, "now", 0.0)
    async with opened(runs_dir) as pilot:
        await until(pilot, lambda: "demo" in screen_text(pilot))
        text = screen_text(pilot)
    assert "now" in next(line for line in text.splitlines() if "demo" in line)


async def test_resizing_while_live(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """Each size shows the chart; no line is wider than the screen."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        for width, height in ((60, 20), (200, 60), (80, 24)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda: "Accuracy, %" in screen_text(pilot))
            assert all(len(line) <= width for line in screen_text(pilot).splitlines())


async def test_the_log_follows_until_one_scrolls_up(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """New lines do not move what is being read; End follows again."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        log, colours = pilot.app.screen.query_one(LogView), pilot.app.screen.colours
        lines = tuple(Line(1.79e9 + number, "info", f"line {number}") for number in range(50))
        log.show(lines, colours)
        await until(pilot, lambda: "line 49" in screen_text(pilot))
        log.scroll_to(y=3, animate=False)
        await until(pilot, lambda: "paused" in screen_text(pilot))
        await pilot.press("end")
        await until(pilot, lambda: "line 49" in screen_text(pilot))


def test_only_new_lines_are_written_when_old_ones_leave() -> None:
    """The log of a long run forgets at its front while it grows at its end."""
    lines = [Line(float(number), "info", str(number)) for number in range(10)]
    assert new_from(lines[3:], lines[:8]) == 5
    assert new_from(lines, ()) == 0
    assert new_from(lines[5:], [Line(0.0, "info", "other")]) == 0
