"""Keys on a study of another user: a notice with the owner's name; the application stays."""

import _strptime
import concurrent.futures.thread
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

import medtui.charts.render_matplotlib
import medtui.jobs.launcher
from medtui.charts.plot import Plot
from medtui.errors import MedtuiError, explain_os_error
from medtui.tui.actions.study_actions import StudyActions
from medtui.tui.app import MedtuiApp
from medtui.tui.screens.confirm import ConfirmDialog
from medtui.tui.screens.export_dialog import ExportDialog
from medtui.tui.screens.prompt import Prompt
from medtui.tui.screens.run import RunScreen
from tests.helpers.another_user import (
    ACCESSES,
    Access,
    as_stranger,
    held_by_root,
    needs_root,
    open_folder,
    restrict,
)
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import opened, screen_text, until

pytestmark = needs_root

_IMPORTED = (
    _strptime,  # by plotext
    concurrent.futures.thread,
    medtui.jobs.launcher,
    medtui.charts.render_matplotlib,
)
"""Python's own folders may be closed to the other user."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a runs folder that every user can enter."""
    with open_folder() as folder:
        yield folder / "runs"


def record(runs_dir: Path, access: Access, name: str = "cells") -> RecordedStudy:
    """Record root's study, whose last run was stopped."""
    study = RecordedStudy(runs_dir, name)
    study.reference()
    study.run("prune-0.1", cycles=6, end="stopped")
    restrict(study.folder, access)
    return study


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the messages of all notices, also of those that are gone from the screen."""
    messages: list[str] = []
    notify = MedtuiApp.notify

    def record_notice(app: MedtuiApp, message: str, **options: Any) -> None:
        messages.append(message)
        notify(app, message, **options)

    monkeypatch.setattr(MedtuiApp, "notify", record_notice)
    return messages


@pytest.mark.parametrize("access", ACCESSES.values(), ids=ACCESSES.keys())
async def test_keys_on_home_name_the_owner(folder: Path, access: Access, told: list[str]) -> None:
    """Resume, delete and note: the study is as it was."""
    study = record(folder, access)
    before = sorted(study.folder.path.rglob("*"))
    async with opened(folder) as pilot:
        for key, dialog, answer in (
            ("r", None, ""),
            ("D", ConfirmDialog, "m"),
            ("N", Prompt, "enter"),
        ):
            with as_stranger():
                num_told = len(told)
                await pilot.press(key)
                if dialog is not None:
                    await until(pilot, lambda kind=dialog: isinstance(pilot.app.screen, kind))
                    await pilot.press(answer)
                await until(pilot, lambda number=num_told: len(told) > number)
            assert "belongs to root" in told[-1], told
            assert pilot.app.is_running
    assert sorted(study.folder.path.rglob("*")) == before


@pytest.mark.parametrize("access", ACCESSES.values(), ids=ACCESSES.keys())
def test_actions_name_the_owner(folder: Path, access: Access) -> None:
    """Of a study that runs, and of one that was stopped."""
    live, stopped = record(folder, access), record(folder, access, "films").folder
    actions = StudyActions(folder)
    run = SimpleNamespace(study="cells", name="prune-0.1", title="Prune 0.1")
    calls: dict[str, Callable[[], str]] = {
        "stop study": lambda: actions.stop_study("cells"),
        "stop run": lambda: actions.stop_run(run),
        "resume": lambda: actions.resume(stopped.name),
        "delete": lambda: actions.delete(stopped.name),
        "note": lambda: actions.write_note(stopped.name, "mine"),
        "chart": lambda: actions.export_chart("films/prune-0.1", Plot("Loss", ())),
    }
    with held_by_root(live.folder, live.folder.run("prune-0.1")):
        restrict(live.folder, access)
        for name, call in calls.items():
            with as_stranger():
                try:
                    told = call()
                except OSError as error:
                    told = str(explain_os_error(error))
                except MedtuiError as error:
                    told = str(error)
            assert "belongs to root" in told, (name, told)


async def test_keys_on_run_name_the_owner(folder: Path, told: list[str]) -> None:
    """Stop, resume, and both exports: each is a sentence, and the application stays."""
    access = ACCESSES["umask 022"]
    live, stopped = record(folder, access), record(folder, access, "films")
    stopped.folder.reference.model.touch()
    with held_by_root(live.folder, live.folder.run("prune-0.1")):
        restrict(live.folder, access)
        async with opened(folder, size=(120, 40)) as pilot:
            for key, opens, answer in (
                ("cells/prune-0.1", "s", "t"),
                ("cells/prune-0.1", "x", ""),
                ("films/prune-0.1", "r", ""),
            ):
                with as_stranger():
                    pilot.app.open_run(key)
                    await until(pilot, lambda title=key: shows_run(pilot, title))
                    num_told = len(told)
                    await pilot.press(opens)
                    if answer:
                        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
                        await pilot.press(answer)
                    await until(pilot, lambda number=num_told: len(told) > number)
                assert "belongs to root" in told[-1], (opens, told)
            with as_stranger():
                pilot.app.open_run("films/reference")
                await until(pilot, lambda: shows_run(pilot, "films/reference"))
                await pilot.press("X")
                await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
                await pilot.press("g")
                await until(pilot, lambda: "belongs to root" in screen_text(pilot))


def shows_run(pilot: Pilot[None], key: str) -> bool:
    """Return whether the screen shows this run."""
    screen = pilot.app.screen
    view = screen.view if isinstance(screen, RunScreen) else None
    return view is not None and f"{view.row.study}/{view.row.name}" == key
