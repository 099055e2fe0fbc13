"""Content of the Run screen at one moment: immutable, built by the polling thread."""

from dataclasses import dataclass

from medtui.events import CycleEnded, DataLoaded, Metrics, RunStarted
from medtui.metrics import Metric
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.monitor.telemetry_curves import TelemetryCurves
from medtui.runs.log.history import Line
from medtui.runs.result import Result
from medtui.runs.search_record import SearchOutcome
from medtui.runs.status import UNENDED


@dataclass(frozen=True)
class MetricRow:
    """One metric of a finished run."""

    metric: Metric
    val: float | None
    test: float | None
    reference: float | None
    """The reference's value on test; None in the reference itself."""
    control: float | None = None
    """The control's value on test; None without a finished control."""


@dataclass(frozen=True)
class RunView:
    """A run with its study and its curves."""

    row: RunSummary
    study: StudySummary
    what: str
    """What is compressed and how, in one line."""
    stage: str
    """Stage whose cycles are plotted: `reference` or `compress`."""
    num_planned: int
    """Planned cycles of the stage; 0 while unknown."""
    cycles: tuple[CycleEnded, ...]
    """Cycles of the stage, in order."""
    best: CycleEnded | None
    """Cycle whose model is kept."""
    reference: Metrics
    """Metrics of the dense model on val; empty for the reference itself, or before it exists."""
    control: Metrics
    """Metrics of the control on val; empty without one, or before it is measured."""
    losses: tuple[tuple[float, float], ...]
    """Train loss of the stage: (fractional cycle, loss)."""
    densities: tuple[tuple[str, float], ...]
    """Layer to its share of nonzero weights, in network order."""
    dead_layers: tuple[str, ...]
    are_logits_constant: bool
    data: DataLoaded | None
    session: RunStarted | None
    lines: tuple[Line, ...]
    """Latest lines of the log."""
    telemetry: TelemetryCurves
    result: Result | None
    ending: str = ""
    """Why the run is neither live nor finished, and what to do; otherwise empty."""
    metrics: tuple[MetricRow, ...] = ()
    """Metrics of a finished run, in display order."""
    search: SearchOutcome | None = None
    """Search of the run's scheme; for the reference the first one, None without searches."""
    problem: str = ""
    """Why the folder cannot be read completely."""
    margin: float | None = None
    """Loss of the primary metric that the preset accepts; None where it cannot be read."""
    is_before_finetuning: bool = False
    """Whether the run is fine-tuned yet, so that nothing has collapsed so far."""
    is_behind: bool = False
    """Whether the log is still being read for the first time."""

    @property
    def is_over(self) -> bool:
        """Whether no worker computes the run and none is about to: what is missing stays so."""
        return self.row.status not in UNENDED
