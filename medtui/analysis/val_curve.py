"""A run's primary metric on val by cycle, read from its log."""

from medtui.events import CycleEnded
from medtui.metrics import Metric
from medtui.runs.folder import RunFolder
from medtui.runs.log.history import History
from medtui.runs.log.reader import EventTail
from medtui.runs.run_names import main_stage

MAX_BYTES = 32 * 1024 * 1024
"""A longer log takes more than a second to read, for a curve of a few characters."""


def val_curve(run: RunFolder, metric: Metric) -> tuple[float, ...]:
    """Return the metric on val by cycle of the main stage; empty where the log is very long."""
    try:
        if run.events.stat().st_size > MAX_BYTES:
            return ()
    except OSError:
        return ()
    history = History()
    for record in EventTail(run.events).read_all():
        history.add(record)
    return curve_of(history.cycles_of(main_stage(run.name)), metric)


def curve_of(cycles: list[CycleEnded], metric: Metric) -> tuple[float, ...]:
    """Return the metric on val of cycles, where it is defined."""
    return tuple(value for cycle in cycles if (value := metric.of(cycle.val)) is not None)
