"""Time spans of a run's stages, and their telemetry."""

import msgspec
import pytest

from medtui.events import CycleEnded, Noted, RunFinished, RunStarted, RunStopped, StageStarted
from medtui.runs.folder import RunFolder
from medtui.runs.log.stage_spans import stage_spans, stage_telemetry
from medtui.runs.log.writer import EventWriter
from medtui.telemetry import GpuSample, Sample

BEGIN = RunStarted(1, "box", "cpu")
CYCLE = CycleEnded(1, val={})


@pytest.fixture
def run(tmp_path) -> RunFolder:
    """Return an empty run folder."""
    return RunFolder(tmp_path)


def write(run: RunFolder, story: list[tuple[float, object]]) -> None:
    """Write events with their times."""
    times = iter(time for time, _ in story)
    with EventWriter(run.events, clock=lambda: next(times)) as log:
        for _, event in story:
            log.write(event)


def records(run: RunFolder) -> list:
    """Return the records of the log."""
    from medtui.runs.log.reader import EventTail

    return EventTail(run.events).read_all()


def test_a_stage_lasts_until_the_next(run):
    """The last stage ends with the run."""
    write(run, [(0.0, BEGIN), (1.0, StageStarted("data")), (5.0, StageStarted("compress", 3)),
                (9.0, CYCLE), (12.0, RunFinished(1.0))])  # fmt: skip
    assert stage_spans(records(run)) == {"data": [(1.0, 5.0)], "compress": [(5.0, 12.0)]}


def test_a_pause_belongs_to_no_stage(run):
    """A stopped session ends with its final event, a crashed one with its last record."""
    write(run, [
        (0.0, BEGIN), (1.0, StageStarted("compress", 3)), (4.0, RunStopped("asked")),
        (1000.0, BEGIN), (1001.0, StageStarted("compress", 3)), (1005.0, Noted("still here")),
        (9000.0, BEGIN), (9001.0, StageStarted("compress", 3)), (9003.0, Noted("and here")),
    ])  # fmt: skip
    assert stage_spans(records(run)) == {
        "compress": [(1.0, 4.0), (1001.0, 1005.0), (9001.0, 9003.0)]
    }


def test_telemetry_is_summarised_by_stage(run):
    """Means and peaks use a stage's own samples; a stage without samples is absent."""
    write(run, [(0.0, BEGIN), (0.1, StageStarted("data")), (0.2, StageStarted("compress", 3)),
                (2.5, RunStopped("asked")), (10.0, BEGIN), (10.1, StageStarted("compress", 3)),
                (12.9, StageStarted("evaluate")), (15.0, RunFinished(1.0))])  # fmt: skip
    busy = {1: 40, 2: 60, 5: 100, 11: 80, 12: 20, 13: 10}
    samples = [
        Sample(
            time=float(second),
            elapsed_s=0.0,
            gpus=[GpuSample(index=0, memory_used_bytes=second, gpu_percent=percent)],
        )
        for second, percent in busy.items()
    ]
    run.telemetry.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in samples))
    vitals = stage_telemetry(run)
    assert list(vitals) == ["compress", "evaluate"]
    compress = vitals["compress"]
    assert (compress.num_samples, compress.seconds) == (4, 2.0)
    assert compress.gpu_percent is not None
    assert (compress.gpu_percent.mean, compress.gpu_percent.peak) == (50.0, 80)
    assert compress.gpu_memory_used_bytes is not None
    assert compress.gpu_memory_used_bytes.peak == 12
    assert vitals["evaluate"].gpu_percent.mean == 10
