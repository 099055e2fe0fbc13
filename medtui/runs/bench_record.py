"""Speed and size of a model and of its reference, as stored in `bench.json`."""

from collections.abc import Sequence
from statistics import quantiles

import msgspec

from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record, write_json_record
from medtui.storage import DamagedFile
from medtui.telemetry import TelemetrySummary


class Spread(msgspec.Struct, frozen=True):
    """Median and quartiles of a quantity over several rounds."""

    median: float
    low: float
    """First quartile over the rounds."""
    high: float
    """Third quartile."""

    @property
    def text(self) -> str:
        """The median with the quartiles: `1.52 [1.48, 1.57]`."""
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


class Latency(msgspec.Struct, frozen=True):
    """Latency of single images, milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    num_calls: int
    """Timed calls, after warm-up."""


class Throughput(msgspec.Struct, frozen=True):
    """Images per second at one batch size."""

    batch_size: int
    images_per_second: Spread
    peak_memory_bytes: int | None
    """Peak of weights and activations, by torch's allocator."""


class Contest(msgspec.Struct, frozen=True):
    """Measurements in one precision."""

    precision: str
    """Precision of the computation and the weights: `float32`, `tf32`, `float16`."""
    latency: Latency
    sweep: list[Throughput]
    """Throughput by increasing batch size; the same sizes for every model."""
    ended: str
    """Why the sweep ended: `throughput fell`, `memory ended`, `largest batch`."""
    latency_ratio: Spread
    """Latency speed-up: the reference's latency divided by this model's, by round."""
    throughput_ratio: Spread
    """Throughput speed-up: images per second over the reference's, each at its best batch."""
    sustained: TelemetrySummary | None = None
    """Telemetry of some seconds at the best batch size; None on a CPU."""

    @property
    def best(self) -> Throughput:
        """The batch size with the most images per second."""
        return max(self.sweep, key=lambda point: point.images_per_second.median)


class Bench(msgspec.Struct, frozen=True):
    """Benchmark of one model, interleaved with the reference in the same process."""

    study: str
    run: str
    measured_at: float
    """Unix time, seconds."""
    device: str
    device_name: str
    threads: int
    """CPU threads of torch."""
    cpu_capability: str
    """Instruction set of torch's kernels."""
    torch: str
    image_shape: tuple[int, int, int]
    """Channels, height and width."""
    load_ms: float
    """Time from the file (in the page cache) to a model on the device; median of three."""
    bytes_on_disk: int
    """Size of the weights file."""
    bytes_dense: int
    bytes_packed: int
    """Sparse size: nonzero weights in their own types, and a bit mask."""
    macs: int
    """Multiply-accumulates per image, zeros included."""
    contests: list[Contest]
    notes: list[str] = []
    """Why the scheme is not faster, and other remarks."""
    shrunk: "Bench | None" = None
    """Benchmark of the run's shrunk model, interleaved with this one; None without one."""

    @property
    def flops(self) -> int:
        """Floating-point operations per image in convolutions and linear layers."""
        return 2 * self.macs

    def contest(self, precision: str) -> Contest | None:
        """Return the measurements in a precision; None where there are none."""
        return next((each for each in self.contests if each.precision == precision), None)


def spread_of(values: Sequence[float]) -> Spread:
    """Return median and quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


_HINT = "Run `medtui bench` to write it again."

_decoder = msgspec.json.Decoder(Bench)


def write_bench(run: RunFolder, bench: Bench) -> None:
    """Write the benchmark into the run's folder.

    Raises:
        OSError: the disk is full.
    """
    write_json_record(run.bench, bench)


def read_bench(run: RunFolder) -> Bench | None:
    """Return the benchmark of a run; None where it was not measured.

    Raises:
        UnreadableFile: the file is damaged or of another version.
    """
    bench = read_json_record(run.bench, _decoder, hint=_HINT)
    models = [] if bench is None else [bench, *([bench.shrunk] if bench.shrunk else [])]
    if not all(model.contests and all(each.sweep for each in model.contests) for model in models):
        raise DamagedFile(run.bench, "it has no measurements", hint=_HINT)
    return bench
