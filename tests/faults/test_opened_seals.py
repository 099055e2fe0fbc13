"""kill -9 of gates that open a sealed test: it stays sealed, or is open with its line."""

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from medtui.evidence.gate_record import GateRecord, read_gates
from medtui.jobs.planning import plan_runs
from medtui.preset import parse_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import read_ledger, verify_ledger
from medtui.runs.ledger_checks import check_looks
from medtui.runs.result import SplitResult
from medtui.runs.runs_dir import create_study
from medtui.runs.sealing import opened_digest, opened_name
from tests.helpers.fault_scale import FACTOR, note_figure
from tests.helpers.study_processes import result_of
from tests.helpers.zygote import PRESET, SCHEMES, Zygote

PLAN = 'schema = 1\nname = "sealed"\nagainst = "control"\n[whole]\nmargin = 0.3\n'

HALF_A_WRITE = "-2"
"""The library's number for SIGKILL after half of a write."""


@dataclass(frozen=True)
class Undisturbed:
    """A gate that nobody killed."""

    num_changes: int
    """Changes of files by the gate."""
    num_writes: int
    """How many of them are writes."""
    tests: dict[str, SplitResult]
    """What it opened, by run."""
    digests: dict[str, str | None]
    """SHA-256 of the files that it wrote. Whoever evaluates once more writes the same."""
    record: GateRecord


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> StudyFolder:
    """Return a finished study whose test is sealed, with its plan beside it."""
    text = PRESET.replace("\nname", "\nschema = 2\nname").replace(str(SCHEMES), '["Prune"]')
    text = text.replace("bootstrap = 20", "sealed = true")
    folder = tmp_path_factory.mktemp("sealed")
    study = create_study(folder, "killed")
    study.preset.write_text(text, encoding="utf-8")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    for run in plan_runs(study, parse_preset(text, "killed")):
        assert zygote.start(run).wait() == 0, run.worker_log.read_text()
        assert result_of(run).is_sealed
    return study


Start = Callable[..., int]


@pytest.fixture
def start(sealed: StudyFolder, zygote: Zygote) -> Start:
    """Return a function that starts a gate on a study and returns its exit status."""
    plan = str(sealed.path.parent / "plan.toml")

    def run(study: StudyFolder, **environment: str) -> int:
        folder = {"FAULT_FOLDER": str(study.path)}
        gate = zygote.start(study.run("prune-0.3"), GATE_PLAN=plan, **folder, **environment)
        return gate.wait()

    return run


@pytest.fixture
def undisturbed(sealed: StudyFolder, tmp_path: Path, start: Start) -> Undisturbed:
    """Return what a gate that nobody killed does."""
    counts = []
    for number in ("0", HALF_A_WRITE):
        study = _copy_of(sealed, tmp_path / f"undisturbed{number}")
        count = study.path.parent / "count"
        assert start(study, FAULT_AT="1000000", FAULT_ERRNO=number, GATE_COUNT=str(count)) == 0
        counts.append(int(count.read_text()))
    ((_, record),) = read_gates(study.run("prune-0.3"))
    tests = {run.name: result_of(run).test for run in study.runs()}
    assert len(tests) == 3
    assert all(each.metrics for each in tests.values())
    digests = {run.name: opened_digest(run) for run in study.runs()}
    return Undisturbed(counts[0], counts[1], tests, digests, record)


def _copy_of(study: StudyFolder, folder: Path) -> StudyFolder:
    shutil.copytree(study.path, folder / study.name)
    return StudyFolder(folder / study.name)


def _assert_sealed_or_recorded(study: StudyFolder, undisturbed: Undisturbed) -> int:
    """Check that test is open exactly where the ledger says so; return its number of lines."""
    ledger = read_ledger(study)
    assert ledger.broken is None
    for run in study.runs():
        result = result_of(run)
        assert result.is_sealed == (not ledger.lines)
        assert result.is_sealed == (not result.test.metrics)
        if ledger.lines:
            assert result.test == undisturbed.tests[run.name]
    return len(ledger.lines)


def _assert_opened_once(study: StudyFolder, undisturbed: Undisturbed) -> None:
    """Check the ledger and what it names after a gate that was not killed."""
    assert verify_ledger(study) is None
    lines = read_ledger(study).lines
    for run in study.runs():
        assert sum(opened_name(run) in line.results for line in lines) == 1
        assert opened_digest(run) == undisturbed.digests[run.name]
        assert [each for each in check_looks(run) if each.state != "ok"] == []
    records = [record for _, record in read_gates(study.run("prune-0.3"))]
    assert [record.look for record in records] == [*range(1, len(lines) + 1)]
    assert all(record.claims == undisturbed.record.claims for record in records)
    assert not list(study.path.rglob("*.part"))


def test_a_gate_killed_at_a_change_of_a_file_opens_test_once(sealed, undisturbed, start, tmp_path):
    """At each write, sync, rename or new folder, before it and within a write; then once more."""
    changes, writes = undisturbed.num_changes, undisturbed.num_writes
    moments = [("0", at) for at in range(1, changes + 1)]
    moments += [(HALF_A_WRITE, at) for at in range(1, writes + 1)]
    if not FACTOR:  # amid the evaluation, at the ledger's line, and after it
        moments = [("0", changes // 2), (HALF_A_WRITE, writes), ("0", changes)]
    found = []
    for number, at in moments:
        study = _copy_of(sealed, tmp_path / f"killed{number}-{at}")
        status = start(study, FAULT_AT=str(at), FAULT_ERRNO=number)
        assert status == -signal.SIGKILL, (number, at)
        before = _assert_sealed_or_recorded(study, undisturbed)
        assert start(study) == 0, (study.path.parent / "gate.log").read_text()
        assert _assert_sealed_or_recorded(study, undisturbed) == before + 1
        _assert_opened_once(study, undisturbed)
        found.append(before)
        shutil.rmtree(study.path.parent)
        note_figure("gate killed at a change of a file", kills=1)
    assert set(found) == {0, 1}
