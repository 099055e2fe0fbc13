"""A run's curves: one definition for comparisons, reports and trackers."""

import shutil
from pathlib import Path

import msgspec
import pytest

from medtui.analysis.run_record import read_run_records
from medtui.metrics import metric_named
from medtui.monitor.run_curves import read_run_curves
from medtui.reporting.contents import gather
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.tui.compare.model import ComparisonLoader
from tests.helpers.paths import RECORDED


@pytest.fixture
def paused(tmp_path: Path) -> StudyFolder:
    """A recorded study whose run was paused for an hour in the middle of its telemetry."""
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    study = StudyFolder(tmp_path / "cells")
    path = study.run("prune-0.1").telemetry
    samples = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    for sample in samples[len(samples) // 2 :]:
        sample["time"] += 3600
    path.write_bytes(b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples))
    return study


def test_a_pause_is_left_out_of_reports_and_comparisons_alike(paused):
    """Both show half a minute of computing, not an hour of pause, and the host's free memory."""
    run = paused.run("prune-0.1")
    entries, _ = read_run_records([run])
    compared = ComparisonLoader(paused.path.parent).curves_of(entries[0]).telemetry
    reported = gather([paused], lambda _: None)[0].curves[entries[0].key].telemetry
    assert compared.memory_used == reported.memory_used
    assert compared.memory_free == reported.memory_free
    assert compared.utilisation == reported.utilisation
    assert 0.4 < reported.memory_used[-1][0] < 1.0
    assert any(free is not None for _, free in reported.memory_free)


def test_metrics_are_by_cycle_and_in_percent_where_they_are_shares(paused):
    """The curve is the log's own cycles."""
    curves = read_run_curves(RunFolder(paused.path / "prune-0.1"))
    assert curves.cycles
    accuracy = metric_named("accuracy")
    assert accuracy is not None
    assert curves.metric(accuracy) == tuple(
        (float(cycle.cycle), cycle.val["accuracy"] * 100) for cycle in curves.cycles
    )
