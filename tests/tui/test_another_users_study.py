"""Keys on a study of another user: a notice with the owner's name; the application stays."""

import concurrent.futures.thread
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import medtui.jobs.launcher
from medtui.runs.folder import StudyFolder
from medtui.tui.app import MedtuiApp
from medtui.tui.screens.confirm import ConfirmDialog
from medtui.tui.screens.prompt import Prompt
from tests.helpers.another_user import (
    ACCESSES,
    Access,
    as_stranger,
    needs_root,
    open_folder,
    restrict,
)
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import opened, until

pytestmark = needs_root

_IMPORTED = (concurrent.futures.thread, medtui.jobs.launcher)
"""Python's own folders may be closed to the other user."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a runs folder that every user can enter."""
    with open_folder() as folder:
        yield folder / "runs"


def record(runs_dir: Path, access: Access, *, is_live: bool) -> RecordedStudy:
    """Record root's study, whose last run is running or was stopped."""
    study = RecordedStudy(runs_dir, "cells")
    study.reference()
    run = study.run("prune-0.1", cycles=6, end="" if is_live else "stopped")
    restrict(StudyFolder(study.folder.path), access)
    if is_live:
        study.hold(study.folder, run)
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
    study = record(folder, access, is_live=False)
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
