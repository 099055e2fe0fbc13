"""Summary of a study: what it compares, its state, its progress and its runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from medtui.monitor.run_summary import RunSummary
from medtui.runs.run_names import is_reference, names_probe
from medtui.runs.status import Status


@dataclass(frozen=True)
class StudyLine:
    """A line of the log of one of the runs."""

    run: str
    """Name of the run's folder."""
    time: float
    """Unix time, seconds."""
    level: str
    """`info` or `warning`."""
    text: str


@dataclass(frozen=True)
class StudySummary:
    """One study at one moment, with its runs."""

    name: str
    """Name of the folder."""
    about: str
    """What it compares, in one line."""
    note: str
    """The user's note."""
    status: Status
    num_failed: int
    """Number of failed and crashed runs."""
    num_finished: int
    num_planned: int
    """Number of planned runs, including the references."""
    runs: tuple[RunSummary, ...]
    """The references first."""
    started_at: float
    """Unix time of the first event, seconds."""
    last_at: float
    """Unix time of the latest event, seconds."""
    is_live: bool
    """Whether a supervisor is running."""
    problem: str = ""
    """Why the folder cannot be read completely; empty where it can."""
    waiting_for: str = ""
    """What it waits for while no run computes: `GPU 0 used by anna`; empty if it does not."""
    lines: tuple[StudyLine, ...] = ()
    """The latest lines of a live study's logs, the oldest first; empty for others."""
    searches: Mapping[str, str] = field(default_factory=dict)
    """Each searched scheme to the outcome of its search, as a sentence."""

    def search_of(self, scheme: str) -> str:
        """Return the outcome of a scheme's search; for the reference the first one, or empty."""
        if is_reference(scheme):
            return next(iter(self.searches.values()), "")
        return self.searches.get(scheme, "")

    @property
    def reference(self) -> RunSummary | None:
        """The first dense model's run."""
        return self.runs[0] if self.runs and self.runs[0].name == "reference" else None

    @property
    def best(self) -> RunSummary | None:
        """The compressed run with the highest primary metric on val; low-fidelity runs excluded."""
        whole = [run for run in self.runs if run.is_compressed and not names_probe(run.name)]
        measured = [run for run in whole if run.val is not None]
        return max(measured, key=lambda run: run.val or 0.0, default=None)

    @property
    def share(self) -> float:
        """Completed share of all planned runs, 0 to 1."""
        return sum(run.share for run in self.runs) / max(1, self.num_planned)

    @property
    def is_waiting(self) -> bool:
        """Whether it is live and computes nothing, since it waits for a device or a cluster."""
        return self.is_live and self.status == "waiting"

    @property
    def are_runs_left(self) -> bool:
        """Whether planned runs have neither finished nor failed."""
        return self.num_finished + self.num_failed < self.num_planned

    @property
    def device(self) -> str:
        """Devices in use; for an idle study, the devices that were used."""
        live = [run.device for run in self.runs if run.status == "running" and run.device]
        used = live or [run.device for run in self.runs if run.device]
        return ", ".join(dict.fromkeys(used))

    @property
    def live_run(self) -> RunSummary | None:
        """The first running run."""
        return next((run for run in self.runs if run.status == "running"), None)

    @property
    def seconds_left(self) -> float | None:
        """Remaining time, predicted from this study's runs; None before a measurement."""
        if not self.is_live:
            return None
        live = [run for run in self.runs if run.status == "running"]
        left = [run.seconds_left for run in live if run.seconds_left is not None]
        waiting = self.num_planned - self.num_finished - self.num_failed - len(live)
        typical = _typical_seconds(self.runs)
        if (waiting > 0 and typical is None) or (live and not left):
            return None
        return max(left, default=0.0) + max(0, waiting) * (typical or 0.0) / max(1, len(live))


def _typical_seconds(runs: tuple[RunSummary, ...]) -> float | None:
    """Return the mean time of finished compressions, else the expected time of live ones."""
    compressing = [run for run in runs if not is_reference(run.name)]
    finished = [run.seconds for run in compressing if run.status == "finished" and run.seconds]
    if finished:
        return sum(finished) / len(finished)
    expected = [
        (run.seconds or 0.0) + run.seconds_left
        for run in compressing
        if run.seconds_left is not None
    ]
    return sum(expected) / len(expected) if expected else None
