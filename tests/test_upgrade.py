"""medtui is upgraded while its processes run: they say so, in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from textual.worker import WorkerFailed

from medtui import __version__
from medtui.child_process import child_environment
from medtui.errors import EnvironmentProblem
from medtui.events import Noted, RunFailed, RunStarted
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ownership.lock import FolderLock
from medtui.tui.app import MedtuiApp
from medtui.upgrade import (
    STARTED_BY_VERSION,
    describe_upgrade,
    explain_missing_child,
    explain_missing_module,
)
from medtui.worker import failure_event
from tests.helpers.earlier_version import call_medtui
from tests.helpers.paths import REPOSITORY
from tests.helpers.small_study import record_study
from tests.helpers.study_processes import events_of
from tests.helpers.tui_pilot import notices, opened, until, wait_longer

EARLIER = "0.0.9"
MISSING = ModuleNotFoundError("No module named 'medtui.moved'", name="medtui.moved")
SENTENCE = "medtui was upgraded while this process was running. Quit and start it again."
"""What a person reads instead of a traceback."""


def _run_module(*arguments: str, started_by: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), STARTED_BY_VERSION: started_by}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _run_without_data(study: StudyFolder) -> RunFolder:
    """Return a run whose worker starts and then finds no images."""
    run = study.run("new")
    run.path.mkdir()
    text = study.preset.read_text()
    assert 'root = ""' in text
    run.preset.write_text(text.replace('root = ""', f'root = "{run.path / "nowhere"}"'))
    return run


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """A small study at rest, one run of which has not finished."""
    return record_study(tmp_path / "runs", "cells")


def test_children_know_the_version_that_started_them() -> None:
    """Every process gets the version of its parent, not of its parent's parent."""
    assert child_environment()[STARTED_BY_VERSION] == __version__


@pytest.mark.parametrize(
    ("former", "is_earlier", "words"),
    [
        ("", False, ""),
        (__version__, True, ""),
        (EARLIER, False, f"upgraded from {EARLIER} to {__version__} while this study"),
        ("99.0", False, f"changed from 99.0 to {__version__} while this study"),
        ("", True, f"upgraded to {__version__} while this study"),
    ],
)
def test_another_version_is_described(
    former: str, is_earlier: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names both versions; there is none where they are equal."""
    monkeypatch.setenv(STARTED_BY_VERSION, former)
    sentence = describe_upgrade(is_earlier=is_earlier)
    assert words in sentence
    assert bool(sentence) == bool(words)


def test_a_worker_of_another_version_notes_it_once(study: StudyFolder) -> None:
    """The note is in the run's log, and the worker goes on."""
    run = _run_without_data(study)
    _run_module("medtui.worker", str(run.path), started_by=EARLIER)
    events = events_of(run)
    notes = [each for each in events if isinstance(each, Noted) and "upgraded" in each.text]
    assert [each.level for each in notes] == ["warning"]
    assert f"results of earlier runs are from version {EARLIER}" in notes[0].text
    assert any(isinstance(each, RunStarted) for each in events)


def test_a_worker_under_a_supervisor_that_passes_no_version_notes_it(study: StudyFolder) -> None:
    """Supervisors of 0.1.0 wrote a bare pid into the lock file, and passed no version on."""
    run = _run_without_data(study)
    lock = FolderLock(study.lock)
    lock.acquire()
    study.lock.write_text(f"{os.getpid()}\n")
    _run_module("medtui.worker", str(run.path), started_by="")
    lock.release()
    notes = [each.text for each in events_of(run) if isinstance(each, Noted)]
    assert any("results of earlier runs are from an earlier version" in text for text in notes)


def test_a_worker_that_cannot_read_the_preset_asks_to_resume(study: StudyFolder) -> None:
    """A preset of another version that this one refuses ends the run with what to do."""
    run = study.run("new")
    run.path.mkdir()
    run.preset.write_text(study.preset.read_text() + "\n[of_another_version]\nkey = 1\n")
    done = _run_module("medtui.worker", str(run.path), started_by="99.0")
    (failure,) = events_of(run)
    assert done.returncode == 2
    assert isinstance(failure, RunFailed)
    assert failure.is_resumable
    assert "changed from 99.0" in failure.message
    assert "of_another_version" in failure.message
    assert "medtui resume" in failure.hint


def test_a_worker_whose_module_is_gone_asks_to_resume() -> None:
    """An import that fails in a running worker is an upgrade, not a defect."""
    failure = failure_event(MISSING)
    assert "medtui was upgraded while this run was running" in failure.message
    assert "medtui resume" in failure.hint
    other = failure_event(ModuleNotFoundError("No module named 'torch'", name="torch"))
    assert "upgraded" not in other.message


def test_sampler_and_follower_note_it(study: StudyFolder, tmp_path: Path) -> None:
    """What they print goes to the run's log files."""
    sampler = _run_module(
        "medtui.telemetry.sampler", "--pid=4194303", "--start-ticks=1",
        f"--out={tmp_path / 'telemetry.jsonl'}", started_by=EARLIER,
    )  # fmt: skip
    follower = _run_module(
        "tests.helpers.toy_tracker", str(study.reference.path), "--once", started_by=EARLIER
    )
    for process in (sampler, follower):
        assert f"medtui was upgraded from {EARLIER} to {__version__}" in process.stderr


def test_a_missing_module_of_ours_is_explained() -> None:
    """Other modules are not: without them, medtui is not installed completely."""
    problem = explain_missing_module(MISSING)
    assert problem is not None
    assert problem.message == SENTENCE
    assert "medtui.moved" in problem.hint
    assert explain_missing_module(ModuleNotFoundError("x", name="torch")) is None
    assert explain_missing_child("/usr/bin/python3: No module named medtui.moved") is not None
    assert explain_missing_child("/usr/bin/python3: No module named torch") is None


def test_the_command_line_shows_a_sentence(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command whose module is gone says so, without a traceback."""
    assert study.path.is_dir()
    monkeypatch.setitem(sys.modules, "medtui.cli.show.listing", None)  # how Python spells "gone"
    answer = call_medtui("runs", "list")
    assert answer.code == EnvironmentProblem.exit_code
    assert answer.stderr.startswith(f"medtui: {SENTENCE}\n")
    assert "Traceback" not in answer.stderr


def test_the_command_line_raises_other_import_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is missing is no upgrade of medtui."""
    monkeypatch.setitem(sys.modules, "msgspec", None)
    monkeypatch.delitem(sys.modules, "medtui.cli.show.listing", raising=False)
    monkeypatch.delitem(sys.modules, "medtui.cli.show.summary", raising=False)
    with pytest.raises(ModuleNotFoundError, match="msgspec"):
        call_medtui("runs", "list")


async def test_the_application_exits_with_a_sentence(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen whose module is gone cannot open: the terminal shows why, and no traceback."""
    wait_longer(monkeypatch)
    monkeypatch.setitem(sys.modules, "medtui.tui.screens.run", None)
    async with opened(study.path.parent) as pilot:
        await pilot.press("enter")
        pilot.app.simulate_key("enter")  # `press` would wait for the screen that cannot open
        await until(pilot, lambda: pilot.app.return_code is not None)
        assert pilot.app.return_code == EnvironmentProblem.exit_code
        assert SENTENCE in str(pilot.app._exit_renderables)


async def test_the_application_notes_a_failed_worker(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work in the background whose module is gone is a notice; what is on screen stays."""
    wait_longer(monkeypatch)
    async with opened(study.path.parent) as pilot:
        assert isinstance(pilot.app, MedtuiApp)
        pilot.app._handle_exception(WorkerFailed(MISSING))
        await until(pilot, lambda: SENTENCE in notices(pilot))
        assert pilot.app.return_code is None
