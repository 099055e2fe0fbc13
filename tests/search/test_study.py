"""Searches of studies with real supervisors and workers, killed and resumed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.jobs.launcher import start_study
from medtui.monitor.study_feed import StudyFeed
from medtui.preset import load_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.search_record import SearchRecord, read_search
from tests.helpers.study_processes import assert_same_outcome, is_over, pid_of
from tests.helpers.waiting import wait_until

SOUGHT = str(Path(__file__).with_name("sought.toml"))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyFolder:
    """A search whose supervisor and worker were killed in the first sample, then resumed."""
    runs_dir = tmp_path_factory.mktemp("sought")
    cut = start_study(load_preset(SOUGHT), runs_dir)
    wait_until(cut.search.is_file, "the first decision")
    (search,) = record_of(cut).searches
    first = cut.run(search.next)
    wait_until(lambda: first.path.is_dir() and pid_of(first.lock), "the first sample")
    for pid in (pid_of(cut.lock), pid_of(first.lock)):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_over(cut), "the kill")
    done = subprocess.run(
        [sys.executable, "-m", "medtui", "resume", "sought", "--runs-dir", str(runs_dir)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "search: Prune: " in done.stderr
    assert "Prune: " in done.stdout.splitlines()[-1]
    assert record_of(cut).searches[0].samples[0].run == first.name
    return cut


def record_of(study: StudyFolder) -> SearchRecord:
    """Return the search record."""
    record = read_search(study)
    assert record is not None, study.supervisor_log.read_text()
    return record


def test_each_sample_is_a_run_that_repeats_itself(study):
    """Low- and full-fidelity runs have their own folders, and presets without a search."""
    (search,) = record_of(study).searches
    assert search.is_over
    assert search.next == ""
    assert 2 <= len(search.samples) <= 3
    names = [run.name for run in study.runs() if not run.is_reference]
    assert names == [sample.run for sample in search.samples]
    for sample in search.samples:
        preset = load_preset(str(study.run(sample.run).preset))
        assert preset.search is None
        assert preset.lc.cycles == (1 if sample.is_probe else 2)
        assert sample.run == f"prune-{sample.density}" + "-probe" * sample.is_probe
        assert sample.gain > 1
    assert search.samples[0].is_probe
    assert min(search.curve.densities) == pytest.approx(0.2)


def test_readers_know_how_many_runs_there_are(study):
    """A search that ended early has no next sample."""
    feed = StudyFeed(study)
    feed.refresh()
    assert feed.count("finished") == feed.num_planned == len(feed.runs)
    assert all(feed.cell_of(run).scheme.name == "Prune" for run in feed.runs[1:])


@pytest.mark.slow
def test_an_undisturbed_search_asks_for_the_same_runs(study, tmp_path):
    """The killed and the uninterrupted search have the same densities and the same bits."""
    whole = start_study(load_preset(SOUGHT), tmp_path / "runs")
    wait_until(lambda: is_over(whole), "the study's end")
    assert record_of(whole) == record_of(study)
    for run in study.runs():
        assert_same_outcome(whole.run(run.name), run)
