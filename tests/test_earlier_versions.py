"""Run folders of version 0.1.0: listed, shown, compared, reported, opened and resumed."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from medtui import __version__
from medtui.events import CycleEnded, RunFinished, RunStarted, RunStopped
from medtui.jobs.launcher import resume_study, stop_study
from medtui.runs.folder import StudyFolder
from medtui.runs.log.reader import EventTail
from tests.helpers.earlier_version import FIRST_VERSION, INTERRUPTED, call_medtui, copy_study
from tests.helpers.paths import REPOSITORY
from tests.helpers.study_processes import events_of, is_over, num_cycles_told, result_of
from tests.helpers.tui_pilot import opened, screen_text, until, wait_longer
from tests.helpers.waiting import wait_until

STATES = {
    "first-version": {
        "reference": "finished",
        "prune-0.5": "finished",
        "prunequantize16-0.5": "queued",
    },
    "d8cde9e-interrupted": {
        "reference": "finished",
        "prune-0.1": "stopped",
        "prunequantize16-0.1": "stopped",
    },
}
"""Study to its runs and their states."""

UNSTARTED = {"prunequantize16-0.5", "prunequantize16-0.1"}
"""Runs that their stopped study did not get to."""

CHECKPOINT_CYCLE = 3
"""The cycle in which the interrupted run was stopped."""


@pytest.fixture(params=[FIRST_VERSION / "first-version", INTERRUPTED], ids=lambda path: path.name)
def study(request: pytest.FixtureRequest, tmp_path: Path) -> StudyFolder:
    """A copy of each study of version 0.1.0, in the runs folder of the test."""
    return copy_study(request.param, tmp_path / "runs")


def test_list_names_every_run_and_its_state(study: StudyFolder) -> None:
    """`runs list` shows runs of an earlier version, as text and as JSON."""
    states = STATES[study.name]
    answer = call_medtui("runs", "list")
    assert (answer.code, answer.stderr) == (0, "")
    for run, state in states.items():
        (line,) = [line for line in answer.stdout.splitlines() if f"{study.name}/{run} " in line]
        assert line.split()[1] == state
    objects = call_medtui("runs", "list", "--json").objects
    assert {each["run"]: each["status"] for each in objects} == states
    assert {each["problem"] for each in objects} == {None}


def test_show_describes_the_study_and_each_run(study: StudyFolder) -> None:
    """`runs show` reads results, logs and presets of an earlier version."""
    states = STATES[study.name]
    answer = call_medtui("runs", "show", study.name)
    assert (answer.code, answer.stderr) == (0, "")
    assert all(run in answer.stdout for run in states)
    for run, state in states.items():
        text = call_medtui("runs", "show", f"{study.name}/{run}")
        assert text.code == 0
        assert state in text.stdout
        (shown,) = call_medtui("runs", "show", f"{study.name}/{run}", "--json").objects
        assert shown["status"] == state
        assert (shown["result"] is not None) == (state == "finished")
        if run not in UNSTARTED:
            assert shown["best"]["val"]["accuracy"] >= 0.5


def test_compare_shows_the_finished_runs(study: StudyFolder) -> None:
    """`runs compare` reads results and predictions of an earlier version."""
    finished = [run for run, state in STATES[study.name].items() if state == "finished"]
    answer = call_medtui("runs", "compare", study.name, "--json")
    assert answer.code == 0
    assert {each["run"] for each in answer.objects} == {f"{study.name}/{run}" for run in finished}
    assert all(each["accuracy"] is not None for each in answer.objects)


def test_report_is_written(study: StudyFolder, tmp_path: Path) -> None:
    """`report` draws a study of an earlier version."""
    report = tmp_path / "report.md"
    answer = call_medtui("report", study.name, "--output", str(report), "--quiet")
    assert answer.code == 0
    text = report.read_text(encoding="utf-8")
    finished = [run for run, state in STATES[study.name].items() if state == "finished"]
    assert all(run in text for run in finished)
    assert "0.1.0" in text


async def test_home_and_run_show_it(study: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The study stands on Home with its runs, and its runs open."""
    wait_longer(monkeypatch)
    async with opened(study.path.parent, size=(140, 45)) as pilot:
        await until(pilot, lambda: study.name in screen_text(pilot))
        density = "0.5" if study.name == "first-version" else "0.1"
        await until(pilot, lambda: f"Prune {density}" in screen_text(pilot))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "RunScreen")
        await until(pilot, lambda: "accuracy" in screen_text(pilot).lower())


def _resume(study: StudyFolder) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "medtui", "resume", study.name],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _cycles(events: Sequence[object]) -> list[int]:
    return [event.cycle for event in events if isinstance(event, CycleEnded)]


def test_resume_begins_at_the_checkpoint(tmp_path: Path) -> None:
    """The interrupted cycle is completed from its checkpoint, and the run stops again."""
    study = copy_study(INTERRUPTED, tmp_path / "runs")
    run = study.run("prune-0.1")
    before = run.events.read_bytes()
    resume_study(study)
    wait_until(lambda: num_cycles_told(run) > CHECKPOINT_CYCLE, "the interrupted cycle")
    stop_study(study)
    wait_until(lambda: is_over(study), "the study to stop")
    assert run.events.read_bytes().startswith(before)
    events = events_of(run)
    assert [each.resumed_at for each in events if isinstance(each, RunStarted)] == [
        None,
        CHECKPOINT_CYCLE,
    ]
    assert _cycles(events)[: CHECKPOINT_CYCLE + 1] == list(range(CHECKPOINT_CYCLE + 1))
    assert isinstance(events[-1], RunStopped)


@pytest.mark.slow  # trains 13 cycles
def test_resume_continues_from_the_checkpoint(tmp_path: Path) -> None:
    """`resume` carries the study to its end: no cycle is repeated, no record is lost or altered."""
    study = copy_study(INTERRUPTED, tmp_path / "runs")
    run, reference = study.run("prune-0.1"), study.reference
    before: dict[Path, bytes] = {
        path: path.read_bytes() for path in (run.events, reference.events, reference.result)
    }
    num_before = len(EventTail(run.events).read_all())
    split = run.split.read_bytes()

    done = _resume(study)

    assert done.returncode == 0, done.stderr
    assert run.events.read_bytes().startswith(before[run.events])
    events = events_of(run)  # asserts that `seq` has no gap and no record is damaged
    added = events[num_before:]
    assert isinstance(added[0], RunStarted)
    assert added[0].resumed_at == CHECKPOINT_CYCLE
    assert isinstance(added[-1], RunFinished)
    assert _cycles(events) == list(range(8))
    assert _cycles(added)[0] == CHECKPOINT_CYCLE
    assert not any("upgraded" in getattr(event, "text", "") for event in events)
    assert run.split.read_bytes() == split
    for path in (reference.events, reference.result):
        assert path.read_bytes() == before[path]
    assert f'"medtui": "{__version__}"' in run.provenance.read_text()
    for each in (run, study.run("prunequantize16-0.1")):
        assert result_of(each).size.density == pytest.approx(0.1, abs=0.02)
    states = {each["run"]: each["status"] for each in call_medtui("runs", "list", "--json").objects}
    assert set(states.values()) == {"finished"}
