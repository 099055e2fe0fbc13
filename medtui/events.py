"""Events of a run's log: a closed set of structs, named in the past tense.

Imported by the writer and by every reader. A reader skips kinds that it does not know.
"""

import msgspec

Metrics = dict[str, float | None]
"""Name of a metric in `medtui.metrics` to its value; None where undefined or not finite."""


class Event(msgspec.Struct, frozen=True, tag_field="kind", tag=True, omit_defaults=True, gc=False):
    """Base of all events; `kind` in the file is the class's name.

    Events contain no other events, so the garbage collector need not track them (`gc=False`):
    reading a log of a million events takes a third less time.
    """


class RunStarted(Event, frozen=True):
    """A worker started or resumed the run."""

    pid: int
    host: str
    device: str
    """torch's name: `cpu`, `cuda:0`."""
    device_name: str = ""
    """Product name of the processor or GPU."""
    threads: int = 1
    """CPU threads of torch."""
    resumed_at: int | None = None
    """Cycle (or epoch) from which the run continues; None for a new run."""
    is_bit_exact: bool = True
    """Whether a resumed run uses the same machine and versions as before."""


class DataLoaded(Event, frozen=True):
    """The data set was loaded."""

    num_train: int
    num_val: int
    num_test: int
    """Images of each split."""
    classes: list[str]
    digest: str
    """Hash of images, labels and split."""
    has_patients: bool = True
    """Whether the split keeps patients apart; every result states it if not."""
    positive_class: str | None = None
    """The class that sensitivity, specificity, F1 and average precision are about, where each image
    has one of two classes. None elsewhere, and in logs of earlier versions: the second class."""
    digest_rule: int = 1
    """Rule of the digest, see `medtui.datasets.digest`; early versions recorded none."""


class StageStarted(Event, frozen=True):
    """A stage of the pipeline started."""

    stage: str
    """`data`, `reference`, `compress`, `finetune`, `evaluate`."""
    cycles: int = 0
    """Number of cycles (or epochs); 0 for a stage without."""
    steps: int = 0
    """Steps per cycle; 0 for a stage without."""


class StepsAdvanced(Event, frozen=True):
    """Training progressed; written about once a second."""

    cycle: int
    step: int
    """Steps done in this cycle."""
    steps: int
    """Steps in this cycle."""
    loss: float | None = None
    """Mean train loss of w since the previous such event."""
    images_per_second: float | None = None
    """Train images per second since the previous such event."""


class CycleEnded(Event, frozen=True):
    """An L-C cycle, or an epoch of the reference or of fine-tuning, was completed and evaluated."""

    cycle: int
    val: Metrics
    """Metrics of theta (of the model itself outside L-C) on val."""
    test: Metrics = {}
    """Metrics of the same model on test, for information only; empty where not evaluated."""
    train: Metrics = {}
    """Metrics of the same model on train; empty where not evaluated."""
    w_val: Metrics = {}
    """Metrics of the dense w on val; empty outside L-C."""
    lr: float | None = None
    """Learning rate of the cycle's last step."""
    mu: float | None = None
    """Penalty weight of the cycle's L step."""
    gap: float | None = None
    """Constraint violation ||w - theta|| / ||w|| over the compressed parameters."""
    density: float | None = None
    """Share of nonzero weights among theta's compressible weights."""
    density_reachable: float | None = None
    """The same among the weights that a pixel reaches; None outside L-C."""
    seconds: float = 0.0
    """Duration of the cycle, monotonic."""
    is_best: bool = False
    """Whether this theta has the lowest val loss so far."""
    densities: dict[str, float] = {}
    """Dotted name of each layer to its share of nonzero weights in theta; empty outside L-C."""
    dead_layers: list[str] = []
    """Layers of theta without a nonzero weight."""
    are_logits_constant: bool = False
    """Whether theta predicts the same for every val image."""


class Noted(Event, frozen=True):
    """A message for the user."""

    text: str
    level: str = "info"
    """`info` or `warning`."""


class CheckpointWritten(Event, frozen=True):
    """A checkpoint was written; the run can be resumed from it."""

    cycle: int
    step: int
    num_bytes: int
    seconds: float = 0.0
    """Time that training waited for it."""


_SIGNALS = {"SIGTERM": "on request", "SIGINT": "by Ctrl+C"}


class RunStopped(Event, frozen=True):
    """The run stopped on request; it can be resumed."""

    reason: str
    cycle: int = 0

    @property
    def words(self) -> str:
        """Why, for readers: a signal is how the request came, and says nothing to its sender."""
        return next((said for name, said in _SIGNALS.items() if name in self.reason), self.reason)


class RunFailed(Event, frozen=True):
    """The run failed."""

    message: str
    hint: str = ""
    is_resumable: bool = True


class RunFinished(Event, frozen=True):
    """The run is complete; `result.json` has the outcome."""

    seconds: float
    """Duration of all cycles of all sessions, monotonic."""


AnyEvent = (
    RunStarted
    | DataLoaded
    | StageStarted
    | StepsAdvanced
    | CycleEnded
    | Noted
    | CheckpointWritten
    | RunStopped
    | RunFailed
    | RunFinished
)
