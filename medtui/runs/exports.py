"""Models as files for other programs, and what was measured of them: a run's `exports/`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.protocol.export import FormatName
from medtui.runs.bench_record import Spread
from medtui.runs.folder import RunFolder, is_file
from medtui.runs.json_record import DECODE_ERRORS, write_stored
from medtui.runs.shrunk_manifest import Manifest


@dataclass(frozen=True)
class Format:
    """One form a model can be written in."""

    name: FormatName
    """As in `--onnx`."""
    title: str
    """What it is, for people."""
    ending: str
    """How its files' names end."""
    packages: tuple[str, ...] = ()
    """What must be installed beside medtui."""

    @property
    def missing(self) -> list[str]:
        """Those of the packages that are not installed."""
        return [name for name in self.packages if find_spec(name) is None]


FORMATS: tuple[Format, ...] = (
    Format("onnx", "ONNX, float32", ".onnx", ("onnx", "onnxruntime", "onnxscript")),
    Format("pt2", "torch.export, float32", ".pt2"),
    Format("int8", "torch.export, int8 for x86 processors", "-int8.pt2", ("torchao",)),
    Format("packed", "nonzero weights and a bit mask", ".packed", ("zstandard",)),
    Format("safetensors", "weights alone", ".safetensors"),
)


class Preprocessing(msgspec.Struct, frozen=True):
    """How an image becomes the network's input; medtui's own cache is made in the same way."""

    mode: str
    """Pillow's: `RGB` or `L`."""
    size: int
    """Side of the square input, pixels; the image's own shape is not kept."""
    mean: tuple[float, ...]
    """Per channel, taken from pixels scaled to 0..1."""
    std: tuple[float, ...]
    """Per channel, divided by."""
    resize: str = "bilinear, as Pillow does it, after the orientation of EXIF"
    scale: float = 1 / 255
    layout: str = "float32 NCHW"
    deep: str = "16-bit pixels lose their lower 8 bits; opacity is dropped"


class Source(msgspec.Struct, frozen=True):
    """The data set that the network was trained on, as its card says."""

    name: str
    title: str
    source: str
    licence: str
    citation: str
    digest: str
    """sha256 over images, labels, names, patients and split."""


class Metadata(msgspec.Struct, frozen=True):
    """What travels inside the file, as JSON under the key `medtui`."""

    study: str
    run: str
    format: FormatName
    classes: list[str]
    """In the order of the logits."""
    task: str
    """`single`: softmax, the largest wins. `multi`: sigmoid, each class against its threshold."""
    thresholds: list[float]
    """Probability per class, chosen on val and frozen; empty for single-label tasks."""
    preprocessing: Preprocessing
    data: Source
    network: Manifest
    """The architecture; the width of each layer where filters were taken out."""
    medtui: str
    """The version that wrote it."""


class Comparison(msgspec.Struct, frozen=True):
    """The file, read back from disk, against the run, on the same real images."""

    runtime: str
    """What computed the file's answers."""
    split: str
    num_images: int
    metric: str
    of_run: float | None
    of_file: float | None
    max_logit_difference: float
    num_changed: int
    """Answers that differ: images in single-label tasks, image-class pairs in multi-label ones."""

    @property
    def change(self) -> float | None:
        """The file's metric less the run's."""
        if self.of_run is None or self.of_file is None:
            return None
        return self.of_file - self.of_run


class Timing(msgspec.Struct, frozen=True):
    """How long a batch takes; all that is timed takes turns."""

    what: str
    """A runtime of the file, or the dense reference in one."""
    batch_size: int
    p50_ms: float
    faster: Spread
    """The time of the dense reference in plain PyTorch over this one's, round by round."""


class Export(msgspec.Struct, frozen=True):
    """One file, and all that is known of it."""

    file: str
    """Its name; it lies beside this record."""
    num_bytes: int
    sha256: str
    bytes_of_run: int
    """The run's own `model.safetensors`."""
    bytes_of_reference: int
    """The dense reference's."""
    bytes_packed: int
    """The run's size by the result: nonzero weights in their own types and a bit mask."""
    metadata: Metadata
    comparisons: list[Comparison]
    timings: list[Timing]
    conditions: dict[str, str]
    """Processor, threads, versions."""
    notes: list[str]
    written_at: float
    """Unix time, seconds."""

    @property
    def label(self) -> str:
        """The format, and whether filters were taken out."""
        return self.metadata.format + (" shrunk" if self.metadata.network.layers else "")


_decoder = msgspec.json.Decoder(Export)


def format_named(name: str) -> Format:
    """Return the format of that name."""
    return next(each for each in FORMATS if each.name == name)


def file_name(run: RunFolder, form: Format, *, is_shrunk: bool) -> str:
    """Name a run's file so that it can lie among those of other runs: `demo-prune-0.1.onnx`."""
    shrunk = "-shrunk" if is_shrunk else ""
    return f"{run.study.name}-{run.name}{shrunk}{form.ending}"


def record_path(file: Path) -> Path:
    """Return where a file's record lies."""
    return file.with_name(f"{file.name}.json")


def write_record(folder: Path, export: Export) -> None:
    """Write it beside its file.

    Raises:
        OSError: the disk is full.
    """
    write_stored(record_path(folder / export.file), export)


def read_record(file: Path) -> Export:
    """Read a file's record.

    Raises:
        EnvironmentProblem: it is missing or damaged.
    """
    try:
        return _decoder.decode(record_path(file).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise EnvironmentProblem(f"{record_path(file)} cannot be read: {error}.") from error


def read_exports(folder: Path) -> list[Export]:
    """Read the records of a folder's files, in the order of their names; leave out unsound ones."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, *DECODE_ERRORS):
            export = _decoder.decode(path.read_bytes())
            if record_path(folder / export.file) == path and is_file(folder / export.file):
                found.append(export)
    return found


def on_test(export: Export) -> Sequence[Comparison]:
    """Return the comparisons on test, one for each runtime."""
    return [each for each in export.comparisons if each.split == "test"]
