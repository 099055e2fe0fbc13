"""A run's outcome, as `result.json` holds it."""

import msgspec

from medtui.events import Metrics
from medtui.metrics.task import Task, infer_task
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_stored, write_stored
from medtui.telemetry import VitalsSummary


class LayerSize(msgspec.Struct, frozen=True):
    """What compression left of one layer."""

    name: str
    """Dotted module name."""
    kind: str
    """`conv` or `linear`."""
    num_weights: int
    num_nonzero: int
    num_structures: int
    """Filters of a convolution, neurons of a linear layer."""
    num_structures_kept: int
    """Those with a nonzero weight."""
    macs: int = 0
    """Multiply-accumulates for one image, dense."""

    @property
    def macs_kept(self) -> int:
        """Multiply-accumulates with a weight that is not zero."""
        return self.macs * self.num_nonzero // max(1, self.num_weights)


class Size(msgspec.Struct, frozen=True):
    """How large a model is."""

    num_parameters: int
    """All parameters, zero or not."""
    num_nonzero: int
    """Parameters that are not zero."""
    num_compressible: int
    """Weights of convolutions and linear layers."""
    num_compressible_nonzero: int
    bytes_dense: int
    """The state dict in its own types, uncompressed."""
    bytes_packed: int
    """Nonzero weights in their own types and a bit mask; the rest as it is."""
    macs: int
    """Multiply-accumulates for one image, zeros included."""
    layers: list[LayerSize]

    @property
    def density(self) -> float:
        """Share of compressible weights that are not zero."""
        return self.num_compressible_nonzero / max(1, self.num_compressible)

    @property
    def num_structures(self) -> int:
        """Filters and neurons."""
        return sum(layer.num_structures for layer in self.layers)

    @property
    def structure_density(self) -> float:
        """Share of filters and neurons with a nonzero weight."""
        kept = sum(layer.num_structures_kept for layer in self.layers)
        return kept / max(1, self.num_structures)

    @property
    def macs_kept(self) -> int:
        """Multiply-accumulates for one image with a weight that is not zero."""
        return sum(layer.macs_kept for layer in self.layers)

    @property
    def dead_layers(self) -> list[str]:
        """Layers without a nonzero weight."""
        return [layer.name for layer in self.layers if layer.num_nonzero == 0]


class Shrinkage(msgspec.Struct, frozen=True):
    """What is left of a model without the filters and neurons that can leave it."""

    num_masked: int
    """Filters and neurons without a weight."""
    num_removable: int
    """Those of them that are empty in every layer they are coupled with."""
    size: Size
    """Of the network without them."""
    bytes_on_disk: int | None = None
    """The shrunk model's file; None where none was written."""
    difference: float | None = None
    """Its logits' largest difference from the masked model's; None where they were not compared."""

    @property
    def num_structures(self) -> int:
        """Filters and neurons of the model before."""
        return self.size.num_structures + self.num_removable

    @property
    def masked(self) -> float:
        """Share of filters and neurons without a weight."""
        return self.num_masked / max(1, self.num_structures)

    @property
    def removable(self) -> float:
        """Share of filters and neurons that can leave the network."""
        return self.num_removable / max(1, self.num_structures)


class Flips(msgspec.Struct, frozen=True):
    """How many answers differ from the reference's."""

    num_answers: int
    """Images in single-label tasks, image-class pairs in multi-label ones."""
    num_changed: int
    num_lost: int
    """Right in the reference, wrong here."""
    num_gained: int
    """Wrong in the reference, right here."""
    rate: float
    """Share of the answers that changed."""


class SplitResult(msgspec.Struct, frozen=True):
    """Everything measured on one part of the data."""

    metrics: Metrics
    intervals: dict[str, tuple[float, float]] = {}
    """Metric to its 95 % interval by bootstrap over patients."""
    per_class: dict[str, Metrics] = {}
    """Class to its one-against-rest metrics."""
    num_images: int = 0
    num_patients: int = 0
    reference: Metrics = {}
    """The reference's metrics on the same images; empty in the reference itself."""
    flips: Flips | None = None
    """None in the reference itself."""


class Upkeep(msgspec.Struct, frozen=True):
    """Seconds that are not the run's own work, of a session's."""

    session_seconds: float
    log_seconds: float
    checkpoint_seconds: float

    @property
    def share(self) -> float:
        """Share of the session that log and checkpoints took."""
        return (self.log_seconds + self.checkpoint_seconds) / max(1e-9, self.session_seconds)


class Result(msgspec.Struct, frozen=True):
    """A finished run."""

    run: str
    study: str
    scheme: str
    """`reference` for the dense model."""
    density: float | None
    """Asked for; None where the scheme takes none."""
    seed: int
    guard: str
    """`on` or `off`."""
    best_cycle: int
    """Cycle (or epoch) of the model that was kept, chosen on val."""
    num_cycles: int
    val: SplitResult
    test: SplitResult
    size: Size
    seconds: float
    """Duration of all cycles over the run's sessions, monotonic."""
    device: str
    device_name: str
    has_patients: bool
    """Whether the split kept patients apart."""
    mode: str = "exact"
    """`fast` where L-C computed in the hardware's fastest arithmetic; these numbers never are."""
    thresholds: list[float] = []
    """Decision threshold per class, chosen on val; empty for single-label tasks."""
    are_logits_constant: bool = False
    """Whether the network answers the same for every image."""
    warnings: list[str] = []
    peak_memory_bytes: int | None = None
    """torch's peak allocation on the GPU; None on a CPU."""
    vitals: dict[str, VitalsSummary] = {}
    """Stage to the machine's means and peaks in it; until this was written, in the last one."""
    image_shape: tuple[int, int, int] | None = None
    """Channels, height and width of the images; None where an older version did not say."""
    shrinkage: Shrinkage | None = None
    """None where no structures are pruned, or where their couplings cannot be followed."""
    upkeep: Upkeep | None = None
    """What the last session spent on being watched and resumable."""
    task: Task = "single"
    """One class per image, or any number. Versions that did not write it wrote multi-label results
    too; `read_result` tells those by their metrics."""


_decoder = msgspec.json.Decoder(Result)


def write_result(run: RunFolder, result: Result) -> None:
    """Publish the outcome; after this the run is finished.

    Raises:
        OSError: the disk is full; there is no result then.
    """
    write_stored(run.result, result)


def read_result(run: RunFolder) -> Result | None:
    """Read the outcome; None while there is none.

    Raises:
        EnvironmentProblem: the file is damaged or of another version.
    """
    result = read_stored(run.result, _decoder)
    if result is not None and result.task == "single":
        return msgspec.structs.replace(result, task=infer_task(result.val.metrics))
    return result
