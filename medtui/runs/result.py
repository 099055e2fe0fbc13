"""Outcome of a run, as stored in `result.json`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from medtui.events import Metrics
from medtui.metrics import PositiveClass, Task, infer_task, positive_class
from medtui.metrics.class_calibration import ClassCalibration
from medtui.metrics.interval_method import IntervalMethod
from medtui.metrics.operating_point import OperatingPoint
from medtui.metrics.threshold_rule import FORMER_RULE, describe_decisions, wanted_sensitivity
from medtui.protocol.model_size import Shrinkage, Size
from medtui.runs.completion import is_outdated
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record, require_json_record, write_json_record
from medtui.runs.narrowed_record import Narrowing
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.runs.sealing import opened_digest, require_sha256
from medtui.storage import DamagedFile, FileDigest
from medtui.telemetry import TelemetrySummary
from medtui.units import plural

REFERENCE = "reference"
"""`Result.scheme` of the dense model."""

Seal = Literal["none", "sealed", "opened"]

DIRECT_KEPT = "L-C brought nothing: cycle 0, direct compression, was kept"


class Flips(msgspec.Struct, frozen=True):
    """Number of predictions that differ from the reference's."""

    num_answers: int
    """Predictions: images in single-label tasks, image-class pairs in multi-label ones."""
    num_changed: int
    num_lost: int
    """Correct in the reference, wrong here."""
    num_gained: int
    """Wrong in the reference, correct here."""
    rate: float
    """Share of predictions that changed."""


class SplitResult(msgspec.Struct, frozen=True):
    """Measurements on one split."""

    metrics: Metrics
    intervals: dict[str, tuple[float, float]] = {}
    """Metric to its 95 % interval over patients; one that `no_interval` names has none."""
    per_class: dict[str, Metrics] = {}
    """Class to its one-against-rest metrics."""
    num_images: int = 0
    num_patients: int = 0
    num_effective: float = 0.0
    """Patients of equal size that would inform as much (Kish); 0 in files of earlier versions."""
    reference: Metrics = {}
    """The reference's metrics on the same images; empty in the reference itself."""
    flips: Flips | None = None
    """None in the reference itself."""
    no_interval: dict[str, str] = {}
    """Metric without an interval to the reason; empty in files of earlier versions."""
    class_intervals: dict[str, dict[str, tuple[float, float]]] = {}
    """Class to metric to its 95 % interval over patients; empty in files of earlier versions, and
    with percentile intervals."""
    no_class_interval: dict[str, dict[str, str]] = {}
    """Class to metric to the reason for no interval."""
    calibration: dict[str, ClassCalibration] = {}
    """Class to the calibration of its probabilities; the positive class of two."""
    at_sensitivity: dict[str, OperatingPoint] = {}
    """Class to its specificity where sensitivity is fixed on val; the positive class of two."""


class Overhead(msgspec.Struct, frozen=True):
    """Seconds of a session that the log and checkpoints took."""

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
    """Requested density; None for schemes without one."""
    seed: int
    guard: str
    """`on` or `off`."""
    best_cycle: int
    """Cycle (or epoch) of the model that was kept, chosen on val unless `is_last_kept`."""
    num_cycles: int
    val: SplitResult
    test: SplitResult
    size: Size
    seconds: float
    """Duration of all cycles of all sessions, monotonic."""
    device: str
    device_name: str
    has_patients: bool
    """Whether the split kept patients apart."""
    is_last_kept: bool = False
    """Whether a reference kept its last epoch, and val chose none."""
    mode: str = "exact"
    """`fast` where the run, or its L steps alone, were computed in fast mode. The numbers here are
    computed in float32."""
    thresholds: list[float] = []
    """Decision threshold per class, chosen on val; empty for single-label tasks."""
    threshold_rule: str = FORMER_RULE
    """How those thresholds were chosen; files of earlier versions: by Youden's index."""
    none_class: str | None = None
    """The class, such as No Finding, that was answered only where no other class was."""
    class_weight_rule: str = ""
    """How the loss weights follow from the frequencies in train; empty in earlier files."""
    class_weights: dict[str, float] = {}
    """Loss weight of each class."""
    are_logits_constant: bool = False
    """Whether the network predicts the same for every image."""
    warnings: list[str] = []
    peak_memory_bytes: int | None = None
    """torch's peak allocation on the GPU; None on a CPU."""
    vitals: dict[str, TelemetrySummary] = {}
    """Stage to the telemetry summary of the stage, up to the time of writing."""
    image_shape: tuple[int, int, int] | None = None
    """Channels, height and width of the images; None in files of earlier versions."""
    shrinkage: Shrinkage | None = None
    """None where no structures are pruned, or their dependencies cannot be traced."""
    overhead: Overhead | None = msgspec.field(default=None, name="upkeep")
    """Of the last session. Files keep the name of earlier versions."""
    task: Task = "single"
    """One class per image, or any number of them.

    Versions that did not write it also wrote multi-label results; `read_result` recognises those by
    their metrics.
    """
    interval_method: IntervalMethod = "percentile"
    """How the intervals were computed; files of earlier versions hold percentile intervals."""
    accepted: dict[str, str] = {}
    """Each error in the data set that the preset accepts, by name, in words."""
    positive_class: str | None = None
    """The class that sensitivity, specificity, F1 and average precision are about, where each image
    has one of two classes. None elsewhere, and in files of earlier versions: the second class."""
    population: str = ""
    """What `data.limit` left of the data set, in words; empty where all images are used, and in
    files of earlier versions."""

    is_direct: bool = False
    """Whether the scheme compressed once and trained what was left, in place of L-C."""
    finetune_epochs: int | None = None
    """Epochs of fine-tuning after the last cycle; None for runs that compress nothing, and in files
    of earlier versions."""
    narrowing: Narrowing | None = None
    """How far a network from scratch was narrowed; None for other runs."""
    seal: Seal = "none"
    """`sealed`: `test` has the numbers of images and patients alone. `opened`: it was sealed until
    a gate opened it, and this is the result with it."""
    files: dict[str, FileDigest] = {}
    """Name of each other file of the run to its digest when the result was written; of logs, which
    grow, to that of the part that was written. Empty in files of earlier versions."""
    generation: int = 0
    """Generation of the writer, as in `medtui.runs.ownership.claim`; 0 in earlier files."""

    @property
    def is_sealed(self) -> bool:
        """Whether test was not evaluated."""
        return self.seal == "sealed"

    @property
    def direct_compression(self) -> str:
        """A sentence where L-C cycles were run and the model before them was kept; else empty.

        Cycle 0 compresses the reference directly, without an L step.
        """
        is_trained = self.scheme == REFERENCE or self.narrowing is not None
        is_lc = not is_trained and not self.is_direct and self.num_cycles > 1
        return DIRECT_KEPT if is_lc and self.best_cycle == 0 else ""

    @property
    def finetuning(self) -> str:
        """How long the kept cycle's model was fine-tuned, to follow its name; empty if it was not.

        Files of earlier versions do not say.
        """
        epochs = self.finetune_epochs
        return f", then fine-tuned for {plural(epochs, 'epoch')}" if epochs else ""

    def digest_of(self, path: Path) -> FileDigest | None:
        """Return the recorded digest of a file of the run; None where none is recorded."""
        return self.files.get(path.name)

    @property
    def decisions(self) -> str:
        """How the answers of a multi-label task were decided, in a sentence; else empty."""
        is_multi = self.task == "multi"
        return describe_decisions(self.threshold_rule, self.none_class) if is_multi else ""

    @property
    def positive(self) -> PositiveClass | None:
        """The positive class, also of files that do not name it; None where there is none."""
        return positive_class(list(self.test.per_class), self.task, self.positive_class)


_decoder = msgspec.json.Decoder(Result)

_HINT = "Restore the file, or move the run's folder away and resume the study: it runs again."


def write_result(run: RunFolder, result: Result, fence: Fence = unfenced) -> None:
    """Write the outcome; the run is finished afterwards.

    Raises:
        OSError: the disk is full; no result was written.
        Superseded: by `fence`; no result was written.
    """
    write_json_record(run.result, result, fence)


def read_result(run: RunFolder, *, is_opened: bool = True) -> Result | None:
    """Return the outcome; None while there is none of the newest writer.

    Where a gate has opened its test, it is the outcome with it, or with `is_opened` off as it was
    written by the run.

    Raises:
        UnreadableFile: the file is damaged, contradictory or of another version.
    """
    result = read_json_record(run.result, _decoder, hint=_HINT)
    if result is None or is_outdated(result.generation, run):
        return None
    if result.is_sealed and is_opened:
        result = _opened(run, result) or result
    for reason in _contradictions(result):
        raise DamagedFile(run.result, reason, hint=_HINT)
    if result.task == "single":
        return msgspec.structs.replace(result, task=infer_task(result.val.metrics))
    return result


def _opened(run: RunFolder, sealed: Result) -> Result | None:
    """Return the result with its test; None while no gate has opened it for this model.

    Raises:
        UnreadableFile: the file is missing or damaged, or not what the ledger names.
    """
    expected = opened_digest(run)
    if expected is None:
        return None
    require_sha256(run.opened.result, expected)
    opened = require_json_record(run.opened.result, _decoder)
    return opened if opened.digest_of(run.model) == sealed.digest_of(run.model) else None


def read_opened_result(run: RunFolder) -> Result:
    """Return what a gate has just written, before the ledger names it.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    return require_json_record(run.opened.result, _decoder)


def _contradictions(result: Result) -> Iterator[str]:
    """Yield what readers could not show or compute with."""
    classes = result.test.per_class
    if result.thresholds and classes and len(result.thresholds) != len(classes):
        yield f"it has {len(result.thresholds)} thresholds for {len(classes)} classes"
    try:
        wanted_sensitivity(result.threshold_rule)
    except ValueError as error:
        yield str(error)
    if min(result.size.bytes_packed, result.size.bytes_dense) < 0:
        yield "its sizes are negative"
    if result.image_shape is not None and min(result.image_shape) < 1:
        yield f"its images have the shape {result.image_shape}"


def describe_choice(result: Result) -> str:
    """Return how the kept cycle or epoch was chosen."""
    return "the last one" if result.is_last_kept else "selected on val"
