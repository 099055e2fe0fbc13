"""Searches for throughput: real samples, timed against the reference by the real benchmark."""

import shutil
from pathlib import Path

import pytest

from medtui.jobs.launcher import start_study
from medtui.preset import load_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.search_record import SearchOutcome, read_search
from medtui.search.study import StudySearch
from tests.helpers.paths import RECORDED
from tests.helpers.study_processes import is_over
from tests.helpers.waiting import wait_until

TIMED = load_preset(
    str(Path(__file__).with_name("sought.toml")),
    [
        "name=timed", "compress.schemes=[]", "search.objective=throughput", "search.eps=0.9",
        "lc.cycles=1", "bench.calls=20", "bench.rounds=3", "bench.max_batch=2",
        "bench.seconds=0.01", "bench.sustain_seconds=0",
    ],
)  # fmt: skip
"""Every density is feasible; all runs are full-fidelity."""

CELLS = RECORDED / "cells"


def search_of(study: StudyFolder) -> SearchOutcome:
    """Return the study's only search."""
    record = read_search(study)
    assert record is not None, study.supervisor_log.read_text()
    (search,) = record.searches
    return search


@pytest.mark.slow
def test_what_is_fastest_is_chosen_of_what_was_timed(tmp_path):
    """Each sample is timed before the next one is selected."""
    study = start_study(TIMED, tmp_path)
    wait_until(lambda: is_over(study), "the study's end")
    search = search_of(study)
    assert search.reason == "budget spent"
    assert all(study.run(sample.run).bench.is_file() for sample in search.samples)
    gains = {sample.run: sample.gain for sample in search.samples if sample.is_feasible}
    assert len(gains) == 3
    assert search.chosen == max(gains, key=gains.get)


def test_a_benchmark_that_fails_is_tried_once_for_each_sample(tmp_path):
    """A search without timings ends and chooses nothing."""
    study = start_study(TIMED, tmp_path)
    study.bench_log.mkdir()  # nothing can be written there
    wait_until(lambda: is_over(study), "the study's end")
    search = search_of(study)
    assert [sample.gain for sample in search.samples] == [None] * 3
    assert search.chosen == ""
    assert study.supervisor_log.read_text().count("The benchmark failed") == 3


def test_only_runs_of_the_search_are_to_be_timed(tmp_path):
    """The grid's other schemes and seeds are not its samples."""
    shutil.copytree(CELLS, tmp_path / "cells")
    study = StudyFolder(tmp_path / "cells")
    preset = load_preset(str(study.preset))
    settings = TIMED.search
    search = StudySearch(study, preset, settings)
    assert [run.name for run in search.unmeasured()] == ["prune-0.1"]
