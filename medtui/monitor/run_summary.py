"""Summary of a run: state, progress, and metrics and sizes of the model that is kept so far."""

from dataclasses import dataclass

from medtui.metrics import Metric, Task, primary_metric
from medtui.monitor.progress import Progress
from medtui.runs.run_names import is_compression
from medtui.runs.status import Status
from medtui.units import SEALED

_REASON = 24
"""Characters of a reason that lists have room for: some clusters answer in sentences."""


@dataclass(frozen=True)
class RunSummary:
    """One run at one moment: the only source of the values in lists, screens and reports."""

    study: str
    """Name of the study's folder."""
    name: str
    """Name of the run's folder."""
    title: str
    """Title for display: `Prune 0.1`, `reference`."""
    status: Status
    progress: Progress
    task: Task
    """Kind of task of the study."""
    val: float | None
    """Primary metric on val, of the model that is kept so far."""
    test: float | None
    """Primary metric on test, of the same model; None where test was not evaluated."""
    difference: float | None
    """`val` minus the reference's."""
    asked_density: float | None
    """Requested density, from the grid or from the scheme itself."""
    density: float | None
    """Actual density of the model that is kept so far."""
    cycle: int | None
    """Cycle (or epoch) whose model is kept so far."""
    bytes_packed: int | None
    """Sparse size of the finished model in bytes."""
    bytes_expected: int | None
    """The same of an unfinished compression, by the density of its model so far."""
    curve: tuple[float, ...]
    """The primary metric on val by cycle of the main stage; empty for finished runs in lists, whose
    logs are not read."""
    device: str
    """`cpu`, `cuda:0`; empty before the run started."""
    seconds: float | None
    """Computing time so far, over all sessions; the total of a finished run."""
    seconds_left: float | None
    """Remaining time of the run; None unless the run is live."""
    from_control: float | None = None
    """`val` minus that of the control; None before both are measured, and without a control."""
    has_control: bool = False
    """Whether its study trains a control to compare it with."""
    last_at: float | None = None
    """Unix time of the latest record, seconds; None where the log was not read."""
    is_sealed: bool = False
    """Whether test is not evaluated until a gate opens it."""
    warning: str = ""
    """Problem of the model or the folder; empty where there is none."""
    problem: str = ""
    """Why the folder cannot be read completely; empty where it can."""
    waiting_for: str = ""
    """What its job waits for, in the cluster's own word: `Resources`; empty if it does not."""
    place: str = ""
    """Node of a cluster on which it is running; empty elsewhere."""
    is_copy: bool = False
    """Whether its folder is a copy of one that a worker elsewhere writes, or wrote."""

    @property
    def state(self) -> str:
        """The status with what belongs to it: `waiting (Resources)`, `silent (copy)`."""
        more = _shortened(self.waiting_for) or ("copy" if self.is_copy else "")
        return f"{self.status} ({more})" if more else self.status

    @property
    def where(self) -> str:
        """Device, and the node that it belongs to: `cuda:0 on box2`; empty before it started."""
        return " on ".join(filter(None, (self.device, self.place)))

    @property
    def headline(self) -> Metric:
        """Primary metric of the study's task."""
        return primary_metric(self.task)

    @property
    def test_text(self) -> str:
        """The primary metric on test as it is shown; `sealed` where it is."""
        return SEALED if self.is_sealed else self.headline.show(self.test)

    @property
    def is_compressed(self) -> bool:
        """Whether it is a compression, and neither a reference nor a control."""
        return is_compression(self.name)

    @property
    def key(self) -> str:
        """`study/run`."""
        return f"{self.study}/{self.name}"

    @property
    def share(self) -> float:
        """Completed share, 0 to 1."""
        return 1.0 if self.status == "finished" else self.progress.run_share


def _shortened(reason: str) -> str:
    return reason if len(reason) <= _REASON else f"{reason[: _REASON - 1].rstrip()}…"
