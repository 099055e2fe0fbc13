"""The process that tries a preset before anything is started: its request and its answer."""

import msgspec

from medtui.protocol.model_size import LayerSize, Shrinkage


class PreflightRequest(msgspec.Struct, frozen=True):
    """The preset to try."""

    preset: str
    """As TOML."""
    is_measured: bool = False
    """Whether time and disk are estimated as well, by steps measured on the device."""


class CellForecast(msgspec.Struct, frozen=True):
    """What a cell of the grid would leave of the network, judged on fresh weights."""

    slug: str
    scheme: str
    density: float | None
    """Asked for; None where the scheme takes none."""
    num_weights: int
    """Compressible weights."""
    num_weights_kept: int
    num_parameters: int
    layers: list[LayerSize] = []
    """What each compressible layer keeps, in order."""
    layers_emptied: list[str] = []
    shrinkage: Shrinkage | None = None
    """What could leave the network; None where no structures are pruned, or it is not known."""
    notes: list[str] = []

    @property
    def structures_kept(self) -> tuple[int, int]:
        """Filters and neurons with a nonzero weight, and all of them."""
        kept = sum(layer.num_structures_kept for layer in self.layers)
        return kept, sum(layer.num_structures for layer in self.layers)

    @property
    def macs_kept(self) -> tuple[int, int]:
        """Multiply-accumulates for one image with a nonzero weight, and all of them."""
        kept = sum(layer.macs_kept for layer in self.layers)
        return kept, sum(layer.macs for layer in self.layers)


class StageTime(msgspec.Struct, frozen=True):
    """The estimated duration of one kind of work within a run."""

    stage: str
    """As in the run's log: `start`, `reference`, `compress`, `finetune`, `evaluate`; `benchmark`
    for a study's at its end."""
    seconds: float


class Estimate(msgspec.Struct, frozen=True):
    """How long a study takes, by a few steps measured on its device just now."""

    device: str
    """`cpu`, `cuda:0`."""
    num_side_by_side: int
    """Runs that compute at once."""
    seconds_reference: float
    seconds_run: float
    """One compression with all of its cycles; the mean over the grid's schemes."""
    seconds_study: float
    """The reference, the grid, searches with all of their budget, and the benchmark."""
    bytes_disk: int
    """At most: models, and the checkpoints of the runs that compute."""
    stages_reference: list[StageTime] = []
    """They add up to `seconds_reference`."""
    stages_run: list[StageTime] = []
    """They add up to `seconds_run`."""
    seconds_benchmark: float = 0.0
    """At most, where the preset asks for a benchmark at the study's end."""
    side_by_side_factor: float = 1.0
    """The measured time of a step beside other runs over its time alone."""
    stretch: float = 1.0
    """The measured elapsed seconds of a run's work over its CPU seconds; 1 on an idle machine or a
    GPU."""
    load: float = 0.0
    """The machine's load over the last minute before the measurement."""
    cores: int = 0
    """CPU cores this process may use."""


class Preflight(msgspec.Struct, frozen=True):
    """What a preset would do."""

    num_train: int
    num_val: int
    num_test: int
    num_patients: int
    """0 where the data set knows no patients."""
    classes: list[str]
    cells: list[CellForecast]
    penalty_budget: float
    """B of the L-C settings; below 3 theta is little more than direct compression."""
    notes: list[str] = []
    estimate: Estimate | None = None
    """None where it was not asked for."""


decoder: msgspec.json.Decoder[Preflight] = msgspec.json.Decoder(Preflight)
