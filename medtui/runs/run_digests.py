"""Digests of a run's files, as recorded in its result."""

from pathlib import Path

from medtui.runs.folder import RunFolder
from medtui.runs.predictions import RunPredictions, read_predictions
from medtui.runs.result import Result, read_result
from medtui.storage import FileDigest, MissingFile, digest_of_file


def growing_files(run: RunFolder) -> tuple[str, ...]:
    """Return the names of the logs, to which lines are added after the result was written."""
    return (run.events.name, run.telemetry.name)


def digest_files(run: RunFolder) -> dict[str, FileDigest]:
    """Return the digest of each file of a run that its result depends on, as far as they exist.

    Raises:
        UnreadableFile: one cannot be read.
    """
    paths = (
        run.preset, run.provenance, run.events, run.telemetry, run.split, run.model,
        run.model_record, run.narrowed, run.shrunk, run.shrunk_manifest, run.predictions,
        run.changed,
    )  # fmt: skip
    found = {}
    for path in paths:
        try:
            found[path.name] = digest_of_file(path)
        except MissingFile:
            continue
    return found


def predictions_of(run: RunFolder) -> RunPredictions:
    """Return a run's predictions, checked against its result where their digest is recorded.

    Raises:
        UnreadableFile: they are missing, damaged, or have changed.
    """
    result = read_result(run)
    path = predictions_path(run, result)
    return read_predictions(path, result.digest_of(path) if result else None)


def predictions_path(run: RunFolder, result: Result | None) -> Path:
    """Return where a run's predictions are: beside its result, or that of its opened test."""
    is_opened = result is not None and result.seal == "opened"
    return (run.opened if is_opened else run).predictions
