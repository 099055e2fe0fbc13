"""A disk that fails at any change of a file; the run is resumed when it works again."""

import errno
import random

import pytest

from medtui.errors import EnvironmentProblem
from medtui.events import RunFailed
from medtui.runs.log.reader import EventTail
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.study_processes import assert_same_outcome, events_of

FAULTS = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "half a write"]
POINTS = [(fault, number) for number in range(scaled(1, 15)) for fault in FAULTS]
"""75 points under `make faults`."""

MOST_CHANGES = 70
MOST_WRITES = 25
"""Every run changes files, and writes, more often than that."""


@pytest.mark.parametrize(("fault", "number"), POINTS)
def test_a_run_on_a_failing_disk_resumes_to_the_same_bits(
    oracle, zygote, prepare, tmp_path, fault, number
):
    """Once, or from then on: no exception but a failure, no event doubled, and the same bits."""
    rng = random.Random(f"{fault} {number}")
    originals = oracle.runs()
    original = originals[number % len(originals)]
    run, mark = prepare(original), tmp_path / "mark"
    always = {"FAULT_ALWAYS": "1"} if number % 2 else {}
    worker = zygote.start(
        run,
        FAULT_FOLDER=str(run.path),
        FAULT_AT=str(rng.randrange(1, MOST_CHANGES if hasattr(errno, fault) else MOST_WRITES)),
        FAULT_ERRNO=str(getattr(errno, fault, -1)),
        FAULT_MARK=str(mark),
        **always,
    )
    status = worker.wait()
    assert mark.exists(), "no fault was injected"
    records = EventTail(run.events).read_all()
    assert [record.seq for record in records] == list(range(len(records)))
    if status != 0:
        assert status in {1, EnvironmentProblem.exit_code}, run.worker_log.read_text()
        assert zygote.start(run).wait() == 0, run.worker_log.read_text()
    assert_same_outcome(run, original)
    failures = [each for each in events_of(run) if isinstance(each, RunFailed)]
    assert len(failures) <= 1
    note_figure("disk fault", fault=fault, always=bool(always), failed=status != 0)
