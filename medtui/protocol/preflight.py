"""Request and message of the process that checks a preset before it is started."""

import msgspec

from medtui.protocol.initial_weights import InitialWeights
from medtui.protocol.model_size import LayerSize, Shrinkage


class PreflightRequest(msgspec.Struct, frozen=True):
    """The preset to check."""

    preset: str
    """Its TOML text."""
    is_measured: bool = False
    """Whether to estimate time and disk, too, from steps measured on the device."""
    skips_impossible: bool = False
    """Whether cells that cannot work on the network are left out; else they are an error."""


class ImpossibleCell(msgspec.Struct, frozen=True):
    """A cell of the grid that cannot work on the network."""

    slug: str
    reason: str


class CellForecast(msgspec.Struct, frozen=True):
    """What compression would keep in a cell of the grid, computed on untrained weights."""

    slug: str
    scheme: str
    density: float | None
    """Requested density; None if the scheme takes none."""
    num_weights: int
    """Number of compressible weights."""
    num_weights_kept: int
    num_parameters: int
    layers: list[LayerSize] = []
    """Size of each compressible layer, in order."""
    layers_emptied: list[str] = []
    shrinkage: Shrinkage | None = None
    """What shrinking would remove; None without structured pruning, or if it cannot be computed."""
    notes: list[str] = []
    num_weights_unreachable: int = 0
    """Compressible weights that no pixel reaches at the size of the images."""
    density_reachable: float | None = None
    """Kept share of the weights that a pixel reaches."""

    @property
    def num_nonzero(self) -> int:
        """Number of parameters that are not pruned."""
        return self.num_parameters - self.num_weights + self.num_weights_kept

    @property
    def structures_kept(self) -> tuple[int, int]:
        """Number of filters and neurons with a nonzero weight, and of all."""
        kept = sum(layer.num_structures_kept for layer in self.layers)
        return kept, sum(layer.num_structures for layer in self.layers)

    @property
    def macs_kept(self) -> tuple[int, int]:
        """Multiply-accumulates for one image with a nonzero weight, and in total."""
        kept = sum(layer.macs_kept for layer in self.layers)
        return kept, sum(layer.macs for layer in self.layers)


class ScratchForecast(msgspec.Struct, frozen=True):
    """A narrow network that would be trained from scratch; sizes are those of untrained weights."""

    width: float
    """Rough share of the channels that each layer keeps."""
    num_parameters: int
    """Parameters at that width; the run finds the width nearest to its target by bisection."""
    target: int
    """Parameters that the smallest compression keeps."""
    target_run: str
    """Name of that compression."""


class StageTime(msgspec.Struct, frozen=True):
    """Estimated duration of one stage of a run."""

    stage: str
    """As in the event log: `start`, `reference`, `compress`, `finetune`, `evaluate`; `benchmark`
    for the benchmark at the end of a study."""
    seconds: float


class Estimate(msgspec.Struct, frozen=True):
    """Estimated duration of a study, from steps measured on its device."""

    device: str
    """`cpu`, `cuda:0`."""
    num_side_by_side: int
    """Number of runs that compute at once."""
    seconds_reference: float
    seconds_run: float
    """One compression with all its cycles; mean over the schemes of the grid."""
    seconds_study: float
    """Reference, grid, searches with their whole budget, and benchmark."""
    bytes_disk: int
    """Maximum bytes of models, and of checkpoints of runs that compute at once."""
    stages_reference: list[StageTime] = []
    """They add up to `seconds_reference`."""
    stages_run: list[StageTime] = []
    """They add up to `seconds_run`."""
    seconds_benchmark: float = 0.0
    """Maximum seconds of the benchmark at the end of a study, if the preset enables it."""
    side_by_side_factor: float = 1.0
    """Measured ratio of a step's time beside other runs to its time alone."""
    stretch: float = 1.0
    """Measured ratio of elapsed to CPU seconds of a run's work; 1 on an idle machine or a GPU."""
    seconds_scratch: float = 0.0
    """The network from scratch, if the preset trains one."""
    load: float = 0.0
    """The machine's load average over the minute before the measurement."""
    cores: int = 0
    """Number of CPU cores that this process may use."""


class SplitPower(msgspec.Struct, frozen=True):
    """What the test split can show, known before the study from its counts of images."""

    metric: str
    """Name of the primary metric."""
    num_patients: int
    """0 where patients are unknown."""
    num_images: int
    num_effective: float
    """Patients, or where unknown images, of equal size that would inform as much."""
    deviation: float | None
    """Standard deviation of one patient's (image's) change that `margin` assumes."""
    margin: float | None
    """Smallest margin that is shown with a chance of 80 % if nothing is lost; None where intervals
    of changes need more patients, and for metrics without an assumed deviation."""
    shortage: str = ""
    """Why no change has an interval: `6 patients, fewer than 9`; empty where there are enough."""
    rare_classes: list[str] = []
    """Classes with too few test images for an interval and a verdict of their own."""


class Preflight(msgspec.Struct, frozen=True):
    """The result of checking a preset."""

    num_train: int
    num_val: int
    num_test: int
    num_patients: int
    """0 if the data set has no patients."""
    classes: list[str]
    cells: list[CellForecast]
    penalty_budget: float
    """B of the L-C settings; below 3 the result is close to direct compression."""
    notes: list[str] = []
    class_weights: dict[str, float] = {}
    """Loss weight of each class."""
    class_weight_rule: str = ""
    """How it follows from the frequencies in train, in words."""
    decisions: str = ""
    """How answers of a multi-label task are decided; empty in single-label tasks."""
    positive_class: str | None = None
    """The class that sensitivity and its like are about; None where they average over classes."""
    estimate: Estimate | None = None
    """None if it was not requested."""
    scratch: ScratchForecast | None = None
    """The network that would be trained from scratch; None if the preset trains none."""
    power: SplitPower | None = None
    """What the test split can show; None in messages of earlier versions."""
    impossible: list[ImpossibleCell] = []
    """Cells that cannot work on the network and are left out."""
    initial: InitialWeights | None = None
    """What the references take from `model.init`; None without."""


decoder: msgspec.json.Decoder[Preflight] = msgspec.json.Decoder(Preflight)
