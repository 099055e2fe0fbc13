"""A whole study with Comet offline and the benchmark at its end, by real processes."""

import subprocess
import sys

import pytest

from medtui.runs.bench_record import Spread, read_bench
from medtui.runs.folder import StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.telemetry import read_samples
from medtui.tracking.state import archive_of, read_state
from tests.helpers.comet_archive import points_expected, points_in

PRESET = """
name = "measured"
[data]
card = "demo"
limit = 48
[reference]
epochs = 2
batch_size = 16
lr = 0.01
[compress]
schemes = ["Prune"]
densities = [0.2]
[lc]
cycles = 3
steps = 4
batch_size = 16
[guard]
recalibrate_images = 32
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
[bench]
enabled = true
calls = 20
rounds = 3
max_batch = 2
seconds = 0.01
[track]
comet = "offline"
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyFolder:
    """A study run by `medtui --run` in the foreground."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "measured.toml").write_text(PRESET)
    command = [sys.executable, "-m", "medtui", "--run", str(folder / "measured.toml")]
    done = subprocess.run(
        [*command, "--runs-dir", str(folder / "runs")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "2 archives to send: medtui comet upload measured" in done.stderr
    return StudyFolder(folder / "runs" / "measured")


def test_each_archive_equals_its_log(study):
    """Every number of the log and of telemetry is in the archive once, and nothing else."""
    for run in study.runs():
        archive, state = archive_of(run.comet), read_state(run.comet)
        assert archive is not None
        assert state is not None
        records = EventTail(run.events).read_all()
        samples, _ = read_samples(run.telemetry)
        assert (state.num_records, state.num_samples) == (len(records), len(samples))
        expected = points_expected([record.event for record in records], samples)
        assert points_in(archive) == expected
        assert len(expected) > 30


def test_a_study_ends_with_its_benchmark(study):
    """Each run is measured beside the reference, with the reason why it is not faster."""
    reference, pruned = (read_bench(run) for run in study.runs())
    assert reference is not None
    assert pruned is not None
    (contest,) = pruned.contests
    assert contest.precision == "float32"
    assert [point.batch_size for point in contest.sweep] == [1, 2]
    assert reference.contests[0].latency_ratio == Spread(1, 1, 1)
    assert pruned.bytes_packed < pruned.bytes_on_disk
    assert pruned.macs == reference.macs > 0
    assert "still multiplied" in pruned.notes[0]
    shown = subprocess.run(
        [sys.executable, "-m", "medtui", "bench", "measured", "--stored",
         "--runs-dir", str(study.path.parent)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "prune-0.2: its " in shown.stdout
