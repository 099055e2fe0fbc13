"""A model's speed and size beside its reference's, as `bench.json` holds them."""

from collections.abc import Sequence
from statistics import quantiles

import msgspec

from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_stored, write_stored
from medtui.telemetry import VitalsSummary


class Spread(msgspec.Struct, frozen=True):
    """A number that was measured in several rounds."""

    median: float
    low: float
    """First quartile over the rounds."""
    high: float
    """Third quartile."""


class Latency(msgspec.Struct, frozen=True):
    """How long one image takes, milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    num_calls: int
    """Timed calls, after warm-up."""


class Throughput(msgspec.Struct, frozen=True):
    """How many images a second go through in batches of one size."""

    batch_size: int
    images_per_second: Spread
    peak_memory_bytes: int | None
    """Weights and activations at once, by torch's own allocator."""


class Contest(msgspec.Struct, frozen=True):
    """All that was measured in one precision."""

    precision: str
    """`float32`, `tf32`, `float16`: what is computed in; weights are converted to it."""
    latency: Latency
    sweep: list[Throughput]
    """By rising batch size; the same sizes for every model."""
    ended: str
    """Why the sweep ended: `throughput fell`, `memory ended`, `largest batch`."""
    latency_ratio: Spread
    """The reference's latency over this one's, round by round: above 1 is faster."""
    throughput_ratio: Spread
    """This one's images a second over the reference's, best batch against best batch."""
    sustained: VitalsSummary | None = None
    """Of seconds at the best batch: mean and peak memory, utilisation of the GPU; None on a CPU."""

    @property
    def best(self) -> Throughput:
        """The batch size with the most images a second."""
        return max(self.sweep, key=lambda point: point.images_per_second.median)


class Bench(msgspec.Struct, frozen=True):
    """One model, measured in the same process as the reference, in turns with it."""

    study: str
    run: str
    measured_at: float
    """Unix time, seconds."""
    device: str
    device_name: str
    threads: int
    """CPU threads torch used."""
    cpu_capability: str
    """Instruction set of torch's kernels."""
    torch: str
    image_shape: tuple[int, int, int]
    """Channels, height and width."""
    load_ms: float
    """From the file, which the system has in memory, to a model on the device; median of three."""
    bytes_on_disk: int
    """The file of weights."""
    bytes_dense: int
    bytes_packed: int
    """Nonzero weights in their own types and a bit mask."""
    macs: int
    """Multiply-accumulates for one image, zeros included."""
    contests: list[Contest]
    notes: list[str] = []
    """What keeps this scheme from being faster, and other things to know."""
    shrunk: "Bench | None" = None
    """The same of the run's shrunk model, in turns with this one; None where it has none."""

    @property
    def flops(self) -> int:
        """Floating-point operations for one image in convolutions and linear layers."""
        return 2 * self.macs

    def contest(self, precision: str) -> Contest | None:
        """Return what was measured in a precision."""
        return next((each for each in self.contests if each.precision == precision), None)


def spread_of(values: Sequence[float]) -> Spread:
    """Return median and quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


_decoder = msgspec.json.Decoder(Bench)


def write_bench(run: RunFolder, bench: Bench) -> None:
    """Write it beside the run's result.

    Raises:
        OSError: the disk is full.
    """
    write_stored(run.bench, bench)


def read_bench(run: RunFolder) -> Bench | None:
    """Read it; None where the model was not measured.

    Raises:
        EnvironmentProblem: the file is damaged or of another version.
    """
    return read_stored(run.bench, _decoder, hint="`medtui bench` writes it anew.")
