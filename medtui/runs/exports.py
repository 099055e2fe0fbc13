"""Exported models and their measurements: a run's `exports/` folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import msgspec

from medtui.protocol.export import FormatName
from medtui.runs.bench_record import Spread
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import require_json_record, write_json_record
from medtui.runs.model_record import DataSource, Preprocessing
from medtui.runs.run_names import SCRATCH
from medtui.runs.shrunk_manifest import Manifest
from medtui.runs.subfolders import is_file
from medtui.storage import UnreadableFile

INT8: tuple[FormatName, ...] = ("int8", "int8-onnx")
"""Formats whose weights and activations are rounded."""


@dataclass(frozen=True)
class Format:
    """One export format."""

    name: FormatName
    """As in `--onnx`."""
    title: str
    """Description for the user."""
    ending: str
    """Suffix of file names."""
    packages: tuple[str, ...] = ()
    """Packages that must be installed in addition to medtui."""

    @property
    def is_onnx(self) -> bool:
        """Whether onnxruntime loads it."""
        return self.ending.endswith(".onnx")

    @property
    def is_int8(self) -> bool:
        """Whether weights and activations are rounded to int8."""
        return self.name in INT8

    @property
    def missing(self) -> list[str]:
        """Required packages that are not installed."""
        return [name for name in self.packages if find_spec(name) is None]


FORMATS: tuple[Format, ...] = (
    Format("onnx", "ONNX, float32", ".onnx", ("onnx", "onnxruntime", "onnxscript")),
    Format("pt2", "torch.export, float32", ".pt2"),
    Format("int8", "torch.export, int8 for x86 processors", "-int8.pt2", ("torchao",)),
    Format(
        "int8-onnx",
        "ONNX, int8, without a compiler",
        "-int8.onnx",
        ("onnx", "onnxruntime", "onnxscript"),
    ),
    Format("packed", "nonzero weights and a bit mask", ".packed", ("zstandard",)),
    Format("safetensors", "weights alone", ".safetensors"),
)


class Metadata(msgspec.Struct, frozen=True):
    """Metadata in the file, as JSON under the key `medtui`."""

    study: str
    run: str
    format: FormatName
    classes: list[str]
    """Class names in the order of the logits."""
    task: str
    """`single`: softmax, the largest wins. `multi`: sigmoid, each class has its threshold."""
    thresholds: list[float]
    """Probability per class, chosen on val; empty for single-label tasks."""
    preprocessing: Preprocessing
    data: DataSource
    network: Manifest
    """Architecture, with the width of each layer from which filters were removed."""
    medtui: str
    """Version of medtui that wrote the file."""
    positive_class: str | None = None
    """The class that the run's sensitivity and its like are about; None where there is none."""
    threshold_rule: str | None = None
    """How the thresholds were chosen; None for single-label tasks."""
    none_class: str | None = None
    """The class that is an answer only where no other class is; None where there is none."""
    none_beside: list[str] = []
    """Classes that do not contradict it."""
    min_onnxruntime: str | None = None
    """Oldest onnxruntime that loads an ONNX file; None for other formats."""


class Comparison(msgspec.Struct, frozen=True):
    """Comparison of the exported file, read back from disk, with the run, on the same images."""

    runtime: str
    """Runtime that evaluated the file."""
    split: str
    num_images: int
    metric: str
    of_run: float | None
    of_file: float | None
    max_logit_difference: float
    num_changed: int
    """Changed predictions: images in single-label tasks, image-class pairs in multi-label ones."""

    @property
    def change(self) -> float | None:
        """The file's metric minus the run's."""
        if self.of_run is None or self.of_file is None:
            return None
        return self.of_file - self.of_run


class Timing(msgspec.Struct, frozen=True):
    """Time per batch; all timed candidates take turns."""

    what: str
    """Runtime of the file, or of the dense reference."""
    batch_size: int
    p50_ms: float
    faster: Spread
    """Speed-up over the dense reference in plain PyTorch, by round."""


class Export(msgspec.Struct, frozen=True):
    """One exported file and its measurements."""

    file: str
    """File name, in the folder of this record."""
    num_bytes: int
    sha256: str
    bytes_of_run: int
    """Size of the run's `model.safetensors`."""
    bytes_of_reference: int
    """Size of the dense reference's `model.safetensors`."""
    bytes_packed: int
    """Sparse size of the run: nonzero weights in their own types, and a bit mask."""
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
        """The format, with `shrunk` where filters were removed."""
        is_shrunk = self.metadata.network.is_shrunk and self.metadata.run != SCRATCH
        return self.metadata.format + (" shrunk" if is_shrunk else "")


_decoder = msgspec.json.Decoder(Export)


def format_named(name: str) -> Format:
    """Return the format with this name."""
    return next(each for each in FORMATS if each.name == name)


def file_name(run: RunFolder, form: Format, *, is_shrunk: bool) -> str:
    """Return a file name that is unique among other runs' files: `demo-prune-0.1.onnx`."""
    shrunk = "-shrunk" if is_shrunk else ""
    return f"{run.study.name}-{run.name}{shrunk}{form.ending}"


def record_path(file: Path) -> Path:
    """Return the path of a file's record."""
    return file.with_name(f"{file.name}.json")


def write_record(folder: Path, export: Export) -> None:
    """Write a record beside its file.

    Raises:
        OSError: the disk is full.
    """
    write_json_record(record_path(folder / export.file), export)


def read_record(file: Path) -> Export:
    """Return a file's record.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    return require_json_record(record_path(file), _decoder)


def read_exports(folder: Path) -> list[Export]:
    """Return the records in a folder, ordered by name; damaged ones are left out."""
    return _read_all(folder)[0]


def export_problems(folder: Path) -> list[str]:
    """Return a sentence for each record in a folder that is left out."""
    return _read_all(folder)[1]


def _read_all(folder: Path) -> tuple[list[Export], list[str]]:
    found, problems = list[Export](), list[str]()
    for path in record_paths(folder):
        try:
            export = require_json_record(path, _decoder)
        except UnreadableFile as problem:
            problems.append(problem.message)
            continue
        if record_path(folder / export.file) == path and is_file(folder / export.file):
            found.append(export)
    return found, problems


def record_paths(folder: Path) -> list[Path]:
    """Return the paths of the records in a folder, ordered by name."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return []


def on_test(export: Export) -> Sequence[Comparison]:
    """Return the comparisons on test, one per runtime."""
    return [each for each in export.comparisons if each.split == "test"]
