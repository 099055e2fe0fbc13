"""Home's view of the runs folder at one moment: frozen, so that the reading thread may go on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from medtui.metrics import Metric
from medtui.monitor.progress import Progress
from medtui.preset import names_probe
from medtui.runs.status import Status


@dataclass(frozen=True)
class RunRow:
    """One run in a list."""

    study: str
    """The study's folder name."""
    name: str
    """The run's folder name."""
    title: str
    """As people call it: `Prune 0.1`, `reference`."""
    status: Status
    progress: Progress
    headline: Metric
    """The primary metric of the study's task."""
    val: float | None
    """Headline metric on val of the model kept so far."""
    test: float | None
    """Likewise on test; None until the run is finished."""
    difference: float | None
    """`val` less the reference's."""
    density: float | None
    """Reached by the model kept so far."""
    bytes_packed: int | None
    """Size of the finished model, packed."""
    device: str
    """`cpu`, `cuda:0`; empty before the run began."""
    seconds: float | None
    """Worked so far, over all sessions."""
    seconds_left: float | None
    """Of the running stage; None unless the run is live."""
    warning: str = ""
    """What is wrong with the model or the folder; empty where nothing is."""

    @property
    def key(self) -> str:
        """`study/run`."""
        return f"{self.study}/{self.name}"

    @property
    def share(self) -> float:
        """Completed share, 0 to 1."""
        return 1.0 if self.status == "finished" else self.progress.share


@dataclass(frozen=True)
class StudyRow:
    """One study in a list."""

    name: str
    """Its folder name."""
    about: str
    """What it compares, in one line."""
    note: str
    """What somebody wrote about it."""
    status: Status
    num_failed: int
    """Runs that failed or were lost."""
    num_finished: int
    num_planned: int
    """Runs of the whole grid, the reference included."""
    runs: tuple[RunRow, ...]
    """The reference first."""
    started_at: float
    """Unix time, seconds."""
    is_live: bool
    """Whether a supervisor is at work."""
    problem: str = ""
    """Why the folder cannot be fully read; empty where it can."""
    searches: Mapping[str, str] = field(default_factory=dict)
    """Each searched scheme to what its search came to, in a sentence."""

    def search_of(self, scheme: str) -> str:
        """Give what a scheme's search came to; for the reference the first one, else empty."""
        if scheme == "reference":
            return next(iter(self.searches.values()), "")
        return self.searches.get(scheme, "")

    @property
    def reference(self) -> RunRow | None:
        """The dense model's run."""
        return self.runs[0] if self.runs and self.runs[0].name == "reference" else None

    @property
    def best(self) -> RunRow | None:
        """The compressed run with the highest headline metric on val; no search's probe."""
        whole = [run for run in self.runs if run != self.reference and not names_probe(run.name)]
        measured = [run for run in whole if run.val is not None]
        return max(measured, key=lambda run: run.val or 0.0, default=None)

    @property
    def share(self) -> float:
        """Completed share of all planned runs, 0 to 1."""
        return sum(run.share for run in self.runs) / max(1, self.num_planned)

    @property
    def device(self) -> str:
        """Where it runs or ran."""
        live = [run.device for run in self.runs if run.status == "running" and run.device]
        used = live or [run.device for run in self.runs if run.device]
        return ", ".join(dict.fromkeys(used))

    @property
    def live_run(self) -> RunRow | None:
        """The first run a worker is writing."""
        return next((run for run in self.runs if run.status == "running"), None)

    @property
    def seconds_left(self) -> float | None:
        """Predicted from this study's own runs; None where nothing was measured yet."""
        if not self.is_live:
            return None
        live = [run for run in self.runs if run.status == "running"]
        left = [run.seconds_left for run in live if run.seconds_left is not None]
        waiting = self.num_planned - self.num_finished - self.num_failed - len(live)
        typical = _typical_seconds(self.runs)
        if (waiting > 0 and typical is None) or (live and not left):
            return None
        return max(left, default=0.0) + max(0, waiting) * (typical or 0.0) / max(1, len(live))


def _typical_seconds(runs: tuple[RunRow, ...]) -> float | None:
    """Give how long a compressing run takes: the finished ones' mean, else by the live ones."""
    compressing = [run for run in runs if run.name != "reference"]
    finished = [run.seconds for run in compressing if run.status == "finished" and run.seconds]
    if finished:
        return sum(finished) / len(finished)
    expected = [
        (run.seconds or 0.0) + run.seconds_left
        for run in compressing
        if run.seconds_left is not None
    ]
    return sum(expected) / len(expected) if expected else None
