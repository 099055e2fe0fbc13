"""What a real study's processes have done: whether they ended, and what they wrote."""

from pathlib import Path

import safetensors.numpy

from medtui.events import CycleEnded
from medtui.monitor.run_feed import RunFeed
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.ownership.liveness import holder_of, is_held
from medtui.runs.result import Result, read_result


def is_over(study: StudyFolder) -> bool:
    """Return whether no process works on the study any more."""
    return not is_held(study.lock) and not any(is_held(run.lock) for run in study.runs())


def pid_of(lock: Path) -> int | None:
    """Return the pid of the process that holds a lock; None where none does."""
    owner = holder_of(lock)
    return owner.pid if owner and owner.pid > 0 else None  # 0 would signal the tests themselves


def result_of(run: RunFolder) -> Result:
    """Return a result that must exist."""
    result = read_result(run)
    assert result is not None, run.worker_log.read_text()
    return result


def events_of(run: RunFolder) -> list:
    """Return a run's events; their numbers must have no gap."""
    tail = EventTail(run.events)
    records = tail.read_all()
    assert [record.seq for record in records] == list(range(len(records)))
    assert tail.num_damaged == 0
    return [record.event for record in records]


def num_cycles_told(run: RunFolder) -> int:
    """Count the measured cycles in a run's log so far."""
    feed = RunFeed(run)
    feed.refresh()
    return len(feed.history.cycles_of("compress"))


def assert_same_outcome(run: RunFolder, other: RunFolder) -> None:
    """Compare weights and every measured number; durations and names aside."""
    mine, theirs = (safetensors.numpy.load_file(each.model) for each in (run, other))
    for name, array in theirs.items():
        assert mine[name].dtype == array.dtype
        assert mine[name].tobytes() == array.tobytes(), name
    left, right = result_of(run), result_of(other)
    for field in ("best_cycle", "val", "test", "size"):
        assert getattr(left, field) == getattr(right, field), field
    assert [cycle.val for cycle in events_of(run) if isinstance(cycle, CycleEnded)] == [
        cycle.val for cycle in events_of(other) if isinstance(cycle, CycleEnded)
    ]
