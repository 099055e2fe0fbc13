"""Whole studies with real processes: carried through, cut, killed, resumed, repeated."""

import json
import os
import signal
import subprocess
import sys

import pytest

from medtui.events import RunStarted
from medtui.jobs.launcher import resume_study, start_study, stop_study
from medtui.monitor.study_feed import StudyFeed
from medtui.preset import load_preset, parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from tests.helpers.command_line import run_medtui
from tests.helpers.study_processes import (
    assert_same_outcome,
    events_of,
    is_over,
    num_cycles_told,
    pid_of,
    result_of,
)
from tests.helpers.waiting import wait_until

PRESET = """
name = "small"
[data]
card = "demo"
limit = 48
[reference]
epochs = 2
batch_size = 16
lr = 0.01
[compress]
schemes = ["Prune", "FilterPrune"]
densities = [0.2]
[lc]
cycles = 4
steps = 8
batch_size = 16
mu_init = 0.5
[guard]
recalibrate_images = 32
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyFolder:
    """A study carried through by `medtui --run`, in the foreground."""
    folder = tmp_path_factory.mktemp("whole")
    preset = folder / "small.toml"
    preset.write_text(PRESET)
    assert "prune-0.2" in run_medtui("--run", str(preset), "--runs-dir", str(folder / "runs"))
    return StudyFolder(folder / "runs" / "small")


def test_a_study_ends_with_every_result(study):
    """Reference and grid are finished; each run holds all its files, the result last."""
    assert [run.name for run in study.runs()] == ["reference", "prune-0.2", "filterprune-0.2"]
    for run in study.runs():
        result = result_of(run)
        assert not run.checkpoint.exists()
        for path in (run.model, run.predictions, run.provenance, run.split, run.telemetry):
            assert path.is_file(), path
            assert path == run.telemetry or path.stat().st_mtime <= run.result.stat().st_mtime
        assert result.test.num_patients > 1
        assert set(result.test.intervals) >= {"accuracy", "auroc"}
        assert result.population.startswith("at most 48 images of each split")
        parse_preset(run.preset.read_text(), "preset")
        provenance = json.loads(run.provenance.read_text())
        assert provenance["fingerprint"]["threads"]
        assert provenance["data_digest"]
        assert result.overhead is not None
        spent = result.overhead.log_seconds + result.overhead.checkpoint_seconds
        assert 0 < result.overhead.log_seconds <= spent < result.overhead.session_seconds


def test_densities_reached_are_measured(study):
    """Prune keeps the share of weights asked for; FilterPrune leaves no layer dead."""
    reference, prune, filters = (result_of(run) for run in study.runs())
    assert reference.size.density > 0.999
    assert prune.size.density == pytest.approx(0.2, abs=1e-4)
    assert not filters.size.dead_layers
    assert filters.size.density < 0.3
    assert prune.size.bytes_packed < 0.3 * prune.size.bytes_dense


def test_changed_answers_are_counted_and_listed(study):
    """Each compression holds the reference's metrics beside its own, and who changed."""
    reference = result_of(study.reference)
    assert reference.test.flips is None
    assert not study.reference.changed.exists()
    for run in study.runs()[1:]:
        result = result_of(run)
        for split in ("val", "test"):
            measured, before = getattr(result, split), getattr(reference, split)
            assert measured.reference["calibration_error"] == before.metrics["calibration_error"]
            assert measured.flips.num_answers == measured.num_images
        lines = run.changed.read_text().splitlines()
        assert len(lines) == 1 + result.val.flips.num_changed + result.test.flips.num_changed


def test_no_patient_is_in_two_parts(study):
    """The split that was used is saved, and keeps patients apart."""
    rows = [json.loads(line) for line in study.reference.split.read_text().splitlines()]
    parts_of: dict[str, set[str]] = {}
    for row in rows:
        parts_of.setdefault(row["patient"], set()).add(row["part"])
    assert all(len(parts) == 1 for parts in parts_of.values())
    assert {row["part"] for row in rows} == {"train", "val", "test"}


def test_repeating_a_run_survives_a_hangup_and_two_kills(study, tmp_path):
    """A run's own preset gives the same bits, though the line drops and workers are killed.

    The first crash is mended by the supervisor; after a second, `medtui resume` goes on.
    """
    original = study.run("prune-0.2")
    repeated = start_study(load_preset(str(original.preset)), tmp_path / "runs")
    run = repeated.run("prune-0.2")
    for number in (1, 2):
        wait_until(lambda: num_sessions(run) == number, f"session {number}")  # noqa: B023 - called at once
        wait_until(lambda: num_cycles_told(run) >= number, "a cycle")  # noqa: B023 - likewise
        for pid in (pid_of(repeated.lock), pid_of(run.lock)):
            assert pid is not None, "the worker was still to be at work"
            os.kill(pid, signal.SIGHUP)
        os.kill(pid_of(run.lock), signal.SIGKILL)
    wait_until(lambda: is_over(repeated), "the supervisor's end")
    feed = StudyFeed(repeated)
    feed.refresh()
    assert [each.status for each in feed.runs] == ["finished", "crashed"]
    resumed = subprocess.run(
        [sys.executable, "-m", "medtui", "resume", f"{repeated.name}/{run.name}",
         "--runs-dir", str(tmp_path / "runs")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stderr
    assert num_sessions(run) == 3
    assert_same_outcome(repeated.reference, study.reference)
    assert_same_outcome(run, original)


def num_sessions(run: RunFolder) -> int:
    """Count how often a worker took the run up."""
    return sum(isinstance(event, RunStarted) for event in events_of(run))


def test_a_stopped_study_goes_on_where_it_was(study, tmp_path):
    """SIGTERM ends the worker after its step with its best theta saved; resume ends alike."""
    original = study.run("filterprune-0.2")
    stopped = start_study(load_preset(str(original.preset)), tmp_path / "runs")
    run = stopped.run("filterprune-0.2")
    wait_until(lambda: num_cycles_told(run) >= 2, "two cycles")
    assert stop_study(stopped)
    wait_until(lambda: is_over(stopped), "the study's stop")
    feed = StudyFeed(stopped)
    feed.refresh()
    assert [each.status for each in feed.runs] == ["finished", "stopped"]
    assert run.model.is_file()
    assert any(run.checkpoint.iterdir())
    resume_study(stopped)
    wait_until(lambda: is_over(stopped), "the study's end")
    assert_same_outcome(run, original)


def test_the_screen_loads_no_torch():
    """Starting the application stays cheap."""
    code = "import sys, medtui.tui.app; print({'torch', 'condensa'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
