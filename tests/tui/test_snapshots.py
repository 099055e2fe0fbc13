"""What every screen shows, at 80x24 and 120x40, held against `snapshots/`.

Everything shown comes from recorded runs, a fixed clock and fixed answers of child processes, so
that the files are the same on every machine. A difference in wording or style is reviewed in the
files: `pytest tests/tui/test_snapshots.py --update-snapshots`.
"""

import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from medtui.tui.compare.screen import CompareScreen
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.screens.run import RunScreen
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from tests.helpers.fixed_answers import answer_as_recorded
from tests.helpers.paths import RECORDED
from tests.helpers.recorded_runs import START, RecordedStudy
from tests.helpers.screen_snapshot import Snapshots, describe
from tests.helpers.searched_study import write_searched_study
from tests.helpers.tui_pilot import opened, screen_strips, settle, until

FOLDER = Path(__file__).with_name("snapshots")

NOW = START + 3 * 3600
"""The time at which the screens are looked at."""

AGES_S = (2 * 86_400, 40 * 60, 26 * 3600)
"""How long before that the studies began, in the order of their names."""


class Walk:
    """A way through the application, on which snapshots are taken."""

    def __init__(self, pilot: Pilot[None], snapshots: Snapshots, size: tuple[int, int]) -> None:
        self.pilot = pilot
        self._snapshots = snapshots
        self._size = size

    @property
    def is_narrow(self) -> bool:
        """Whether one pane is shown at a time."""
        return self._size[0] < 100

    async def take(self, name: str, *keys: str) -> None:
        """Press keys, wait until all is shown, and compare the screen."""
        await self.press(*keys)
        screen = self.pilot.app.screen
        text = describe(screen_strips(self.pilot), screen.rich_style)
        self._snapshots.check(f"{name}-{self._size[0]}x{self._size[1]}", text)

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until all is shown."""
        await self.pilot.press(*keys)
        await settle(self.pilot, Path("runs"))

    async def open_run(self, key: str) -> None:
        """Go to a run's screen."""
        self.pilot.app.open_run(key)
        await until(self.pilot, lambda: self.pilot.app.screen.view is not None)
        await settle(self.pilot, Path("runs"))


Begin = Callable[[], AbstractAsyncContextManager[Walk]]


@pytest.fixture(params=[(80, 24), (120, 40)], ids=["80x24", "120x40"])
def begin(
    request: pytest.FixtureRequest, tmp_path: Path, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Begin]:
    """Return a function that opens the application; its end reports every difference."""
    monkeypatch.chdir(tmp_path)  # paths on screen are relative
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    monkeypatch.setattr(SnapshotScreen, "now", NOW)
    answer_as_recorded(monkeypatch)
    snapshots = Snapshots(FOLDER, is_updating=request.config.getoption("update_snapshots"))

    @asynccontextmanager
    async def walk() -> AsyncIterator[Walk]:
        _set_ages(runs_dir)
        async with opened(Path("runs"), size=request.param) as pilot:
            steps = Walk(pilot, snapshots, request.param)
            await steps.press()
            yield steps
        snapshots.report()

    yield walk
    monkeypatch.undo()
    time.tzset()


def _set_ages(runs_dir: Path) -> None:
    """Set when the studies began: Home reads it from their presets' files."""
    for study, age in zip(sorted(runs_dir.iterdir()), AGES_S, strict=False):
        os.utime(study / "preset.toml", (NOW - age, NOW - age))


def _is_augmented(screen: Screen[object]) -> bool:
    """Return whether the Data screen has its last part, the augmented images."""
    if not isinstance(screen, DataScreen) or screen._inspections.report is None:
        return False
    previews = screen._inspections.report.previews
    return bool(previews) and all(preview.augmented for preview in previews)


async def test_an_empty_folder(begin: Begin) -> None:
    """Home without a study."""
    async with begin() as walk:
        await walk.take("welcome")
        await walk.take("welcome-help", "question_mark")


async def test_home(begin: Begin, showcase: list[RecordedStudy]) -> None:
    """Studies, runs, picture, the filter, questions, the note's prompt, help and the palette."""
    async with begin() as walk:
        await walk.take("home")
        await walk.take("home-runs", "tab")
        await walk.take("home-other-study", "escape", "full_stop")
        await walk.take("home-filter", "slash", *"first")
        await walk.take("home-stop", "escape", "comma", "s")
        await walk.take("home-delete", "escape", "D")
        await walk.take("home-quit", "escape", "q")
        await walk.take("home-note", "escape", "N", *"a line")
        await walk.take("home-help", "escape", "question_mark")
        await walk.take("home-palette", "escape", "ctrl+p")


async def test_a_finished_run(begin: Begin, runs_dir: Path) -> None:
    """Charts of the first pane, every pane where one is shown at a time, and the help."""
    write_searched_study(runs_dir)
    async with begin() as walk:
        await walk.open_run("cells/prune-0.1")
        for key, name in (("1", "accuracy"), ("2", "loss"), ("7", "gap"), ("9", "step")):
            await walk.take(f"run-{name}", key)
        await walk.press("1")
        if walk.is_narrow:
            for pane in ("answer", "left", "middle", "right"):
                await walk.take(f"run-{pane}", "tab")
            await walk.press("tab")
        await walk.take("run-full-smooth", "z", "tilde", "right")
        await walk.take("run-help", "question_mark")


async def test_other_runs(begin: Begin, runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """A live run, a stopped one, and a finished one with two labels for each image."""
    shutil.copytree(RECORDED / "films", runs_dir / "films")
    async with begin() as walk:
        for key, name in (
            ("malaria/prune-0.1", "live"),
            ("malaria-first-try/prune-0.1", "stopped"),
            ("malaria/quantize16", "queued"),
            ("films/prune-0.05", "multi-label"),
        ):
            await walk.open_run(key)
            await walk.take(f"run-{name}")
            await walk.pilot.press("b")


async def test_compare(begin: Begin, runs_dir: Path) -> None:
    """The table with every tab, groups, the help and the lists of columns and orders."""
    write_searched_study(runs_dir)
    async with begin() as walk:
        await walk.pilot.press("c")
        await until(walk.pilot, lambda: isinstance(walk.pilot.app.screen, CompareScreen))
        await walk.press()
        for key, name in enumerate(
            ("change", "curves", "size", "density", "memory", "classes", "subgroups",
             "calibration", "settings"), 1,
        ):  # fmt: skip
            await walk.take(f"compare-{name}", *([] if key == 1 else [str(key)]))
        await walk.take("compare-averages", "1", "1")
        await walk.take("compare-groups", "1", "G")
        await walk.take("compare-columns", "G", "G", "G", "G", "v")
        await walk.take("compare-order", "escape", "o")
        await walk.take("compare-help", "escape", "question_mark")


async def test_a_new_study(begin: Begin) -> None:
    """From the list of presets through data and schemes to the question before the start."""
    async with begin() as walk:
        await walk.take("new-study", "n")
        await walk.take("new-study-help", "question_mark")
        await walk.press("escape")
        await walk.press("enter")
        await until(walk.pilot, lambda: _is_augmented(walk.pilot.app.screen))
        await walk.take("data")
        await walk.take("data-help", "question_mark")
        await walk.press("escape")
        await walk.take("compress", "g")
        await walk.take("compress-help", "question_mark")
        await walk.take("compress-start", "escape", "g")
        await walk.take("compress-problem", "escape", "plus", "ctrl+u", *"1.5", "enter")


async def test_the_export_of_a_model(begin: Begin, runs_dir: Path) -> None:
    """The dialog before anything was exported."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    (runs_dir / "cells" / "prune-0.1" / "model.safetensors").touch()
    async with begin() as walk:
        await walk.open_run("cells/prune-0.1")
        await walk.pilot.press("X")
        await until(walk.pilot, lambda: not isinstance(walk.pilot.app.screen, RunScreen))
        await walk.take("export-model")


def test_every_snapshot_is_taken() -> None:
    """A file whose screen no test visits any more is deleted."""
    visited = Path(__file__).read_text(encoding="utf-8")
    names = {path.stem.rpartition("-")[0] for path in FOLDER.iterdir()}
    unknown = {
        name
        for name in names
        if f'"{name}"' not in visited and f'"{name.partition("-")[2]}"' not in visited
    }
    assert not unknown
