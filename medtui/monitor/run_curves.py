"""Curves of a saved run: metrics by cycle, telemetry by minute.

The only definition of these curves, for comparisons, reports and trackers.
"""

from dataclasses import dataclass

from medtui.events import CycleEnded, DataLoaded
from medtui.metrics import Metric
from medtui.monitor.telemetry_curves import Point, TelemetryCurveReader, TelemetryCurves
from medtui.runs.folder import RunFolder
from medtui.runs.log.history import History
from medtui.runs.log.reader import EventTail
from medtui.runs.run_names import main_stage


@dataclass(frozen=True)
class RunCurves:
    """Curves of one run."""

    cycles: tuple[CycleEnded, ...]
    """Cycles of the main stage: `reference` or `compress`."""
    telemetry: TelemetryCurves
    data: DataLoaded | None
    """The data set of the run; None where its log does not contain it."""
    problems: tuple[str, ...] = ()
    """A sentence for each file that could not be read completely."""

    def metric(self, metric: Metric) -> tuple[Point, ...]:
        """Return a metric on val by cycle, in percent where it is a share."""
        return tuple(
            (float(cycle.cycle), metric.scale(metric.of(cycle.val))) for cycle in self.cycles
        )

    def test_metric(self, metric: Metric) -> tuple[Point, ...]:
        """Return a metric on test by cycle, of the cycles after which test was evaluated."""
        return tuple(
            (float(cycle.cycle), metric.scale(metric.of(cycle.test)))
            for cycle in self.cycles
            if cycle.test
        )


def read_run_curves(run: RunFolder) -> RunCurves:
    """Read a run's log and telemetry, once each."""
    history = History()
    tail = EventTail(run.events)
    for record in tail.read_all():
        history.add(record)
    telemetry = TelemetryCurveReader(run.telemetry)
    telemetry.refresh()
    cycles = tuple(history.cycles_of(main_stage(run.name)))
    problems = tuple(filter(None, (tail.problem, telemetry.problem)))
    return RunCurves(cycles, telemetry.curves(), history.data, problems)
