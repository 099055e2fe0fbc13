"""Digests of a run's files, as recorded in its result."""

from medtui.runs.folder import RunFolder
from medtui.runs.predictions import RunPredictions, read_predictions
from medtui.runs.result import read_result
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
    expected = result.digest_of(run.predictions) if result else None
    return read_predictions(run.predictions, expected)
