"""Results of a finished run on another data set: `external/DIGEST/` in the run's folder.

`predictions.npz` has the answers to its images, `result.json`, written last, what was measured.
`models/NAME/` has the same of the run's shrunk model, or of an exported file of this name.
"""

import fcntl
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from medtui.metrics import Task
from medtui.metrics.interval_method import IntervalMethod
from medtui.runs.atomic_file import delete_partial, publish_bytes
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record, write_json_record
from medtui.runs.model_choice import RUN
from medtui.runs.npz_arrays import read_arrays
from medtui.runs.ownership.claim import Fence, unfenced
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
    """Of the model's weights, or its exported file."""
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
    model_name: str = RUN
    """`run`, `shrunk` or the name of an exported file. Changed answers (`measured.flips`) are those
    from the reference's; of a model other than the run's own, those from the run's own."""


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

    @property
    def models(self) -> Path:
        """Results of the run's other models, a folder each; absent until there is one."""
        return self.path / "models"


_decoder = msgspec.json.Decoder(ExternalResult)
_HINT = "Delete the folder and evaluate again."


def folder_of(run: RunFolder, digest: str, model: str = RUN) -> ExternalFolder:
    """Return where the result of a run's model on a data set is; `model` is its name."""
    own = ExternalFolder(run.external / folder_of_digest(digest))
    return own if model == RUN else ExternalFolder(own.models / model)


def folder_of_digest(digest: str) -> str:
    """Return the name of the folder with the results on a data set."""
    return digest[:_DIGITS]


def write_external(
    run: RunFolder, result: ExternalResult, content: bytes, fence: Fence = unfenced
) -> ExternalFolder:
    """Write answers and, last, the result; what a killed evaluation left unfinished is deleted.

    Raises:
        OSError: the disk is full, or the folder is not writable.
        Superseded: by `fence`.
    """
    folder = folder_of(run, result.digest, result.model_name)
    folder.path.mkdir(parents=True, exist_ok=True)
    stored = msgspec.structs.replace(result, predictions=digest_of(content))
    with _alone_in(folder.path):
        publish_bytes(folder.predictions, content, fence)
        write_json_record(folder.result, stored, fence)
    return folder


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process write in a folder, which begins without what others left unfinished.

    On a file system without locks nothing is deleted: another process may be writing.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            delete_partial(folder)
        yield
    finally:
        os.close(descriptor)


def read_external(folder: ExternalFolder) -> ExternalResult | None:
    """Return a result; None where the evaluation is not complete.

    Raises:
        UnreadableFile: it is damaged.
    """
    return read_json_record(folder.result, _decoder, hint=_HINT)


def external_folders(run: RunFolder) -> list[ExternalFolder]:
    """Return where a run's results on other data sets are, also incomplete ones.

    Those of its shrunk model and exported files follow those of its own model.
    """
    own = [ExternalFolder(path) for path in subfolders(run.external)]
    return own + [ExternalFolder(path) for each in own for path in subfolders(each.models)]


def read_externals(run: RunFolder) -> tuple[list[ExternalResult], list[str]]:
    """Return the results of a run's own model by their data sets' names.

    With a sentence for each damaged result, of whatever model.
    """
    found, problems = _read_all(run)
    return [each for each in found if each.model_name == RUN], problems


def read_other_models(run: RunFolder) -> list[ExternalResult]:
    """Return the results of a run's shrunk model and exported files; damaged ones are left out."""
    return [each for each in _read_all(run)[0] if each.model_name != RUN]


def _read_all(run: RunFolder) -> tuple[list[ExternalResult], list[str]]:
    found, problems = list[ExternalResult](), list[str]()
    for folder in external_folders(run):
        try:
            result = read_external(folder)
        except UnreadableFile as error:
            problems.append(error.message)
            continue
        if result is not None:
            found.append(result)
    return sorted(found, key=lambda each: (each.site, each.digest, each.model_name)), problems


def delete_external(run: RunFolder, digest: str, model: str = RUN) -> None:
    """Delete a model's result; with that of the run's own model those of its other ones.

    The record goes first, so that no incomplete folder seems complete.

    Raises:
        OSError: the folder is not writable.
    """
    folder = folder_of(run, digest, model)
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
    path = folder_of(run, result.digest, result.model_name).predictions
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
