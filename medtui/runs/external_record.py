"""Results of a finished run on another data set: `external/DIGEST/` in the run's folder.

`predictions.npz` has the answers to its images, `result.json`, written last, what was measured.
"""

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from medtui.metrics import Task
from medtui.metrics.interval_method import IntervalMethod
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.claim import Fence, unfenced
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record, write_json_record
from medtui.runs.npz_arrays import read_arrays
from medtui.runs.predictions import RunPredictions, SplitPredictions
from medtui.runs.result import SplitResult
from medtui.runs.subfolders import subfolders
from medtui.storage import DamagedFile, FileDigest, UnreadableFile, digest_of

_DIGITS = 12
"""Digits of the data set's digest that name a folder."""

NUM_NAMED = 20
"""Patients and images that are named in a result; the counts have all."""


class TrainingOverlap(msgspec.Struct, frozen=True):
    """What of a data set the model was trained on, or chosen by."""

    num_patients: int = 0
    """Patients whose identifiers the run's train or val split has too."""
    patients: list[str] = []
    """The first of them."""
    num_copies: int = 0
    """Images with the pixels of a train or val image."""
    copies: list[tuple[str, str]] = []
    """The first of them, each with the name of the image that it copies."""
    unsearched: str = ""
    """Why copies were not looked for; empty where they were."""

    @property
    def is_found(self) -> bool:
        """Whether anything was found."""
        return bool(self.num_patients or self.num_copies)


class ExternalResult(msgspec.Struct, frozen=True):
    """What a run's model answers on another data set, by its own thresholds."""

    study: str
    run: str
    site: str
    """What the data set is called."""
    digest: str
    """sha256 over its images, labels in the model's classes, names and patients."""
    card: str
    """Name in its card."""
    title: str
    split: str
    """`all` or `test`."""
    task: Task
    positive_class: str | None
    thresholds: list[float]
    """The run's, chosen on its own val split."""
    threshold_rule: str | None
    class_map: dict[str, str]
    """The data set's class to the model's; "" for one that the model lacks."""
    absent_classes: list[str]
    """Classes of the model that the data set lacks."""
    left_out: dict[str, int]
    """The data set's class, or a reason, to the number of images that were left out."""
    num_bad: int
    """Images that could not be read."""
    has_patients: bool
    measured: SplitResult
    overlap: TrainingOverlap
    interval_method: IntervalMethod
    model: FileDigest
    """Of the run's weights."""
    predictions: FileDigest
    """Of `predictions.npz`."""
    findings: list[str] = []
    """What looks wrong in the data set."""
    is_planned: bool = False
    """Whether the preset named the data set beforehand."""
    seconds: float = 0.0
    written_at: float = 0.0
    """Unix time, seconds."""
    medtui: str = ""


@dataclass(frozen=True)
class ExternalFolder:
    """Files of one result."""

    path: Path

    @property
    def result(self) -> Path:
        """What was measured; written last."""
        return self.path / "result.json"

    @property
    def predictions(self) -> Path:
        """Names, patients, labels and logits of the images."""
        return self.path / "predictions.npz"


_decoder = msgspec.json.Decoder(ExternalResult)
_HINT = "Delete the folder and evaluate again."


def folder_of(run: RunFolder, digest: str) -> ExternalFolder:
    """Return where the result on a data set is."""
    return ExternalFolder(run.external / digest[:_DIGITS])


def write_external(
    run: RunFolder, result: ExternalResult, content: bytes, fence: Fence = unfenced
) -> ExternalFolder:
    """Write answers and, last, the result.

    Raises:
        OSError: the disk is full, or the folder is not writable.
        Superseded: by `fence`.
    """
    folder = folder_of(run, result.digest)
    folder.path.mkdir(parents=True, exist_ok=True)
    publish_bytes(folder.predictions, content, fence)
    stored = msgspec.structs.replace(result, predictions=digest_of(content))
    write_json_record(folder.result, stored, fence)
    return folder


def read_external(folder: ExternalFolder) -> ExternalResult | None:
    """Return a result; None where the evaluation is not complete.

    Raises:
        UnreadableFile: it is damaged.
    """
    return read_json_record(folder.result, _decoder, hint=_HINT)


def external_folders(run: RunFolder) -> list[ExternalFolder]:
    """Return where a run's results on other data sets are, also incomplete ones."""
    return [ExternalFolder(path) for path in subfolders(run.external)]


def read_externals(run: RunFolder) -> tuple[list[ExternalResult], list[str]]:
    """Return a run's results on other data sets by their names; a sentence for each damaged one."""
    found, problems = list[ExternalResult](), list[str]()
    for folder in external_folders(run):
        try:
            result = read_external(folder)
        except UnreadableFile as error:
            problems.append(error.message)
            continue
        if result is not None:
            found.append(result)
    return sorted(found, key=lambda each: (each.site, each.digest)), problems


def delete_external(run: RunFolder, digest: str) -> None:
    """Delete a result; the record goes first, so that no incomplete folder seems complete.

    Raises:
        OSError: the folder is not writable.
    """
    folder = folder_of(run, digest)
    folder.result.unlink(missing_ok=True)
    shutil.rmtree(folder.path)


def pack_answers(stored: SplitPredictions) -> bytes:
    """Return the content of the answers' file."""
    arrays: dict[str, NDArray[np.generic]] = {
        "names": np.array(stored.names),
        "patients": np.array(stored.patients),
        "labels": stored.labels,
        "logits": stored.logits_NK,
    }
    if stored.mask is not None:
        arrays["mask"] = stored.mask
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type] # its flags have names of their own
    return buffer.getvalue()


def with_answers(home: RunPredictions, stored: SplitPredictions) -> RunPredictions:
    """Return a run's predictions whose test split is another data set.

    The val split stays, and with it the thresholds that were chosen on it.
    """
    return replace(home, splits={"val": home.splits["val"], "test": stored})


def read_answers(run: RunFolder, result: ExternalResult) -> SplitPredictions:
    """Return the answers behind a result.

    Raises:
        UnreadableFile: they are missing, damaged, or not those that were measured.
    """
    path = folder_of(run, result.digest).predictions
    arrays = read_arrays(path, result.predictions)
    try:
        return SplitPredictions(
            _texts(arrays["names"].tolist()),
            _texts(arrays["patients"].tolist()),
            arrays["labels"],  # type: ignore[arg-type] # checked against the digest
            arrays["logits"],  # type: ignore[arg-type]
            arrays.get("mask"),  # type: ignore[arg-type]
        )
    except KeyError as error:
        raise DamagedFile(path, f"it has no array {error}", hint=_HINT) from error


def _texts(values: Sequence[object]) -> list[str]:
    return [str(each) for each in values]
