"""One run at one moment, with all that its screen shows: frozen, made by the reading thread."""

from dataclasses import dataclass

from medtui.events import CycleEnded, DataLoaded, Metrics, RunStarted
from medtui.metrics import Metric
from medtui.monitor.rows import RunRow, StudyRow
from medtui.monitor.vitals import Vitals
from medtui.runs.history import Line
from medtui.runs.result import Result
from medtui.runs.search_record import SearchOutcome


@dataclass(frozen=True)
class MetricRow:
    """One metric of a finished run."""

    metric: Metric
    val: float | None
    test: float | None
    reference: float | None
    """The reference's, on test; None in the reference itself."""


@dataclass(frozen=True)
class RunView:
    """A run, its study, and its curves."""

    row: RunRow
    study: StudyRow
    what: str
    """What is compressed and how, in one line."""
    stage: str
    """The stage whose cycles are the curve: `reference` or `compress`."""
    num_planned: int
    """Cycles the stage will have; 0 while unknown."""
    cycles: tuple[CycleEnded, ...]
    """That stage's, in order."""
    best: CycleEnded | None
    """The one whose model is kept."""
    reference: Metrics
    """The dense model's, on val; empty for the reference itself, and where there is none yet."""
    losses: tuple[tuple[float, float], ...]
    """Train loss over the running stage: (cycle with its fraction, loss)."""
    densities: tuple[tuple[str, float], ...]
    """Layer to its share of nonzero weights, in network order."""
    dead_layers: tuple[str, ...]
    are_logits_constant: bool
    data: DataLoaded | None
    session: RunStarted | None
    lines: tuple[Line, ...]
    """The log's latest sentences."""
    vitals: Vitals
    result: Result | None
    ending: str = ""
    """Why the run is neither live nor finished, and what to do; empty where it is."""
    metrics: tuple[MetricRow, ...] = ()
    """Of a finished run, in the order in which they are shown."""
    search: SearchOutcome | None = None
    """The search of the run's scheme; the first one for the reference, None where there is none."""
    problem: str = ""
    """Why the folder cannot be fully read."""
    is_behind: bool = False
    """Whether the log is still being read for the first time."""
