"""What happened: the kinds of event in a run's log. Past tense, closed, append-only.

Writers and readers both come in here. A reader skips kinds it does not know.
"""

import msgspec

Metrics = dict[str, float | None]
"""A metric's name in `medtui.metrics` to its value; None where it is undefined or not finite."""


class Event(msgspec.Struct, frozen=True, tag_field="kind", tag=True, omit_defaults=True, gc=False):
    """Base of all events; `kind` on disk is the class's name.

    Events hold no event, so the garbage collector has nothing to find in them (`gc=False`): reading
    a log of a million takes a third less time.
    """


class RunStarted(Event, frozen=True):
    """A worker took the run up, for the first time or again."""

    pid: int
    host: str
    device: str
    """`cpu`, `cuda:0`: torch's word."""
    device_name: str = ""
    """The processor's or GPU's product name."""
    threads: int = 1
    """CPU threads torch uses."""
    resumed_at: int | None = None
    """Cycle (or epoch) the run continues from; None where it starts afresh."""
    is_bit_exact: bool = True
    """Whether a resumed run continues on the machine and versions it began on."""


class DataLoaded(Event, frozen=True):
    """The data set is at hand."""

    num_train: int
    num_val: int
    num_test: int
    """Images of each part."""
    classes: list[str]
    digest: str
    """Identifies images, labels and split."""
    has_patients: bool = True
    """Whether the split keeps patients apart; False is said in every result."""


class StageStarted(Event, frozen=True):
    """A stage of the pipeline began."""

    stage: str
    """`data`, `reference`, `compress`, `finetune`, `evaluate`."""
    cycles: int = 0
    """Cycles (or epochs) in it; 0 where it does not repeat."""
    steps: int = 0
    """Steps in one of its cycles; 0 where it has none."""


class StepsAdvanced(Event, frozen=True):
    """Training moved on; written about once a second."""

    cycle: int
    step: int
    """Steps done in this cycle."""
    steps: int
    """Steps in this cycle."""
    loss: float | None = None
    """Mean train loss of w since the last such event."""
    images_per_second: float | None = None
    """Train images a second since the last such event."""


class CycleEnded(Event, frozen=True):
    """An L-C cycle, or an epoch of the reference or of fine-tuning, is complete and measured."""

    cycle: int
    val: Metrics
    """Of theta (of the model itself outside L-C) on the val split."""
    test: Metrics = {}
    """Likewise on test, for the record; empty in cycles that skip it."""
    train: Metrics = {}
    """Likewise on train, where asked for."""
    w_val: Metrics = {}
    """Of the dense w on val; empty outside L-C."""
    lr: float | None = None
    """Learning rate of the cycle's last step."""
    mu: float | None = None
    """Penalty weight of the cycle's L step."""
    gap: float | None = None
    """Constraint gap ||w - theta|| / ||w|| over compressed parameters."""
    density: float | None = None
    """Share of theta's compressible weights that are not zero."""
    seconds: float = 0.0
    """Duration of the cycle, monotonic."""
    is_best: bool = False
    """Whether this is the best theta so far, by val loss."""
    densities: dict[str, float] = {}
    """Layer's dotted name to its share of nonzero weights in theta; empty outside L-C."""
    dead_layers: list[str] = []
    """Layers of theta without a nonzero weight."""
    are_logits_constant: bool = False
    """Whether theta answers the same for every val image."""


class Noted(Event, frozen=True):
    """A sentence for people."""

    text: str
    level: str = "info"
    """`info` or `warning`."""


class CheckpointWritten(Event, frozen=True):
    """The run can be resumed from here."""

    cycle: int
    step: int
    num_bytes: int
    seconds: float = 0.0
    """How long training waited for it."""


class RunStopped(Event, frozen=True):
    """The run was asked to stop and did; it can be resumed."""

    reason: str
    cycle: int = 0


class RunFailed(Event, frozen=True):
    """The run could not go on."""

    message: str
    hint: str = ""
    is_resumable: bool = True


class RunFinished(Event, frozen=True):
    """The run is complete; `result.json` holds the outcome."""

    seconds: float
    """Duration of all cycles over the run's sessions, monotonic."""


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
