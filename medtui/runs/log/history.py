"""State of a run according to its log: a fold over records, the same for live and saved runs."""

from collections import deque
from dataclasses import dataclass, field

from medtui.events import (
    AnyEvent,
    CheckpointWritten,
    CycleEnded,
    DataLoaded,
    Noted,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
    StepsAdvanced,
)
from medtui.metrics import Task, infer_task, primary_metric
from medtui.runs.log.record import Record

MAX_LINES = 5_000
"""Number of log lines kept for screens; the complete log stays on disk."""

MAX_STEP_POINTS = 5_000
"""Points of the loss curve; beyond it, every second one is dropped."""

Ending = RunStopped | RunFailed | RunFinished


@dataclass(frozen=True)
class Line:
    """One line of the log for the user."""

    time: float
    """Unix time, seconds."""
    level: str
    """`info` or `warning`."""
    text: str


@dataclass
class History:
    """Folded log of a run. Adding records one by one or all at once has the same result."""

    num_records: int = 0
    """Number of records; equals the next `seq` where no record is missing."""
    num_missing: int = 0
    """Number of missing `seq` values."""
    started_at: float | None = None
    """Unix time at which the first session started."""
    last_at: float | None = None
    """Unix time of the last record."""
    session: RunStarted | None = None
    """The latest session."""
    num_sessions: int = 0
    data: DataLoaded | None = None
    stages: list[StageStarted] = field(default_factory=list)
    """Stages started in the latest session, in order."""
    cycles: dict[str, dict[int, CycleEnded]] = field(default_factory=dict)
    """Stage to cycle to its event; a repeated cycle replaces the earlier event."""
    task: Task | None = None
    """Kind of task, inferred from the metrics; None before the first measurement."""
    step: StepsAdvanced | None = None
    """Latest step of the current stage; None at the start of a stage."""
    losses: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Stage to its train loss of w: (fractional cycle, loss), in ascending cycles."""
    densities: dict[str, float] = field(default_factory=dict)
    """Layer to its latest share of nonzero weights."""
    dead_layers: list[str] = field(default_factory=list)
    """Layers without a weight in the latest cycle."""
    are_logits_constant: bool = False
    """Whether the latest theta predicts the same for every val image."""
    checkpoint: CheckpointWritten | None = None
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=MAX_LINES))
    ending: Ending | None = None
    """Final event of the latest session; None while it runs, or after a crash."""

    def add(self, record: Record) -> None:
        """Fold a record."""
        self.num_missing += max(0, record.seq - self.num_records - self.num_missing)
        self.num_records += 1
        self.last_at = record.time
        self._fold(record.time, record.event)

    @property
    def stage(self) -> StageStarted | None:
        """The latest stage of the latest session."""
        return self.stages[-1] if self.stages else None

    @property
    def seconds(self) -> float:
        """Duration of all measured cycles of all stages, each counted once, monotonic."""
        return sum(
            cycle.seconds for measured in self.cycles.values() for cycle in measured.values()
        )

    def cycles_of(self, stage: str) -> list[CycleEnded]:
        """Return the measured cycles of a stage, in order."""
        measured = self.cycles.get(stage, {})
        return [measured[cycle] for cycle in sorted(measured)]

    def best_of(self, stage: str) -> CycleEnded | None:
        """Return the cycle whose model is kept: the last one marked as best."""
        best = [cycle for cycle in self.cycles_of(stage) if cycle.is_best]
        return best[-1] if best else None

    def has_measurement(self, event: CycleEnded) -> bool:
        """Return whether the current stage already has an equal event, duration aside."""
        known = self.cycles.get(self.stage.stage if self.stage else "", {}).get(event.cycle)
        if known is None:
            return False
        fields = set(CycleEnded.__struct_fields__) - {"seconds"}
        return all(getattr(known, name) == getattr(event, name) for name in fields)

    def _fold(self, time: float, event: AnyEvent) -> None:  # noqa: C901 - one case for each kind
        match event:
            case RunStarted():
                self._begin_session(time, event)
            case DataLoaded():
                self.data = event
            case StageStarted():
                self.stages.append(event)
                self.step = None
                self._add_line(time, f"stage: {event.stage}")
            case StepsAdvanced():
                self._advance(event)
            case CycleEnded():
                self._end_cycle(event)
                self._add_line(time, self._told(event))
            case Noted():
                self._add_line(time, event.text, event.level)
            case CheckpointWritten():
                self.checkpoint = event
            case RunStopped():
                self.ending = event
                self._add_line(time, f"stopped: {event.words}", "warning")
            case RunFailed():
                self.ending = event
                self._add_line(time, f"failed: {event.message}", "warning")
            case RunFinished():
                self.ending = event
                self._add_line(time, "finished")

    def _begin_session(self, time: float, event: RunStarted) -> None:
        self.session, self.ending, self.step = event, None, None
        self.num_sessions += 1
        self.stages = []
        if self.started_at is None:
            self.started_at = time
        verb = "started" if event.resumed_at is None else f"resumed in cycle {event.resumed_at}"
        self._add_line(time, f"{verb} on {event.device_name or event.device}")

    def _end_cycle(self, event: CycleEnded) -> None:
        stage = self.stage.stage if self.stage else ""
        self.cycles.setdefault(stage, {})[event.cycle] = event
        if event.val.keys() - {"loss"}:  # a diverged cycle has no metrics
            self.task = infer_task(event.val)
        self.step = None
        self.densities = dict(event.densities)
        self.dead_layers = list(event.dead_layers)
        self.are_logits_constant = event.are_logits_constant

    def _told(self, event: CycleEnded) -> str:
        """Return a cycle's primary metric on val; that whose model is kept has a star."""
        metric = primary_metric(self.task or "single")
        stage = self.stage.stage if self.stage else ""
        word = "cycle" if stage in {"", "compress"} else "epoch"
        said = f"{word} {event.cycle}: val {metric.show(metric.of(event.val))}"
        return f"★ {said}" if event.is_best else said

    def _advance(self, event: StepsAdvanced) -> None:
        self.step = event
        if event.loss is None:
            return
        losses = self.losses.setdefault(self.stage.stage if self.stage else "", [])
        at = event.cycle - 1 + event.step / max(1, event.steps)
        while losses and losses[-1][0] >= at:  # a resumed session repeats the end of the one before
            losses.pop()
        losses.append((at, event.loss))
        if len(losses) > MAX_STEP_POINTS:
            del losses[1::2]

    def _add_line(self, time: float, text: str, level: str = "info") -> None:
        self.lines.append(Line(time, level, text))
