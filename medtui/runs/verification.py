"""Checks every file of a study against what was recorded when it was written. Imports no torch."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from medtui.errors import MedtuiError
from medtui.events import RunFinished
from medtui.preset import TRACKERS, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.bench_record import read_bench
from medtui.runs.checkpoint_files import (
    STATE,
    checkpoint_numbers,
    checkpoint_path,
    noted_model,
    read_checkpoint,
)
from medtui.runs.exports import read_record, record_paths
from medtui.runs.external_record import (
    ExternalFolder,
    external_folders,
    read_answers,
    read_external,
)
from medtui.runs.file_check import FileCheck, State
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.json_record import MAX_BYTES, require_json_record
from medtui.runs.ledger_checks import check_ledger, check_looks
from medtui.runs.log.history import History
from medtui.runs.log.reader import EventTail
from medtui.runs.note import read_note
from medtui.runs.patient_groups import read_split
from medtui.runs.predictions import read_predictions
from medtui.runs.result import Result, read_result
from medtui.runs.run_digests import growing_files
from medtui.runs.safetensors_header import check_safetensors
from medtui.runs.search_record import read_search
from medtui.runs.shrunk_manifest import read_manifest
from medtui.storage import (
    DamagedFile,
    FileDigest,
    MissingFile,
    UnreadableFile,
    read_bytes,
    require_digest,
)
from medtui.storage.json_seal import is_sealed
from medtui.telemetry import SampleTail

Reader = Callable[[Path], object]
"""Reads a file, and raises a `MedtuiError` where it cannot be used."""


def verify_study(study: StudyFolder) -> Iterator[FileCheck]:
    """Yield the state of each file of a study and its runs."""
    yield _check_study_preset(study)
    yield from _check_if_there(study.note, lambda _: read_note(study))
    yield from _check_record(study.search, lambda _: read_search(study))
    yield from check_ledger(study)
    for run in study.runs():
        yield from verify_run(run)


def verify_run(run: RunFolder) -> Iterator[FileCheck]:
    """Yield the state of each file of a run: against its result, else only whether it is whole."""
    result: Result | None = None
    found = _try(run.result, lambda _: read_result(run, is_opened=False))
    if isinstance(found, MedtuiError):
        yield _failure(run.result, found)
    elif isinstance(found, Result):
        result = found
        yield _check_result(run, result)
    elif _says_finished(run):
        yield FileCheck(run.result, "missing", "the log says that the run is finished")
    for path, read in _readers_of(run).items():
        yield from _check_file(run, path, read, result)
    states = [run.tracker(row.name) / "state.json" for row in TRACKERS]
    for path in (run.bench, *states):
        yield from _check_record(path, _reader_of_record(run, path))
    for path in record_paths(run.exports):
        yield from _check_export(path)
    for external in external_folders(run):
        yield from _check_external(run, external)
    yield from _check_checkpoints(run)
    yield from check_looks(run)


def _readers_of(run: RunFolder) -> dict[Path, Reader]:
    """Return each file of a run whose digest a result records, and how it is read."""
    return {
        run.preset: _preset,
        run.provenance: _record,
        run.events: _log,
        run.telemetry: _telemetry,
        run.split: read_split,
        run.model: check_safetensors,
        run.model_record: _record,
        run.shrunk: check_safetensors,
        run.shrunk_manifest: read_manifest,
        run.predictions: read_predictions,
        run.changed: _text,
    }


def _says_finished(run: RunFolder) -> bool:
    """Return whether the log of a run ends with its completion."""
    history = History()
    for record in EventTail(run.events).read_all():
        history.add(record)
    return isinstance(history.ending, RunFinished)


def _check_result(run: RunFolder, result: Result) -> FileCheck:
    if result.run != run.name:
        return FileCheck(run.result, "damaged", f"it is the result of {result.run}")
    if is_sealed(read_bytes(run.result, MAX_BYTES)):
        return FileCheck(run.result, "ok")
    if result.files:
        return FileCheck(run.result, "damaged", "its checksum is missing")
    return FileCheck(run.result, "not recorded")


def _check_file(
    run: RunFolder, path: Path, read: Reader, result: Result | None
) -> Iterator[FileCheck]:
    """Yield the state of a file, if it exists or is recorded."""
    expected = result.digest_of(path) if result else None
    try:
        require_digest(path, expected, is_growing=path.name in growing_files(run))
        read(path)
    except MissingFile as error:
        if expected is not None:
            yield _failure(path, error)
    except MedtuiError as error:
        yield _failure(path, error)
    else:
        # Each line of a log has a checksum of its own.
        yield FileCheck(path, "ok" if expected or path == run.events else "not recorded")


def _check_record(path: Path, read: Reader) -> Iterator[FileCheck]:
    """Yield the state of a JSON record, which has its own checksum, if it exists."""
    try:
        read(path)
        state: State = "ok" if is_sealed(read_bytes(path, MAX_BYTES)) else "not recorded"
    except MissingFile:
        return
    except MedtuiError as error:
        yield _failure(path, error)
    else:
        yield FileCheck(path, state)


def _check_export(path: Path) -> Iterator[FileCheck]:
    """Yield the states of an export's record and of its file."""
    file = path.with_suffix("")
    yield from _check_record(path, lambda _: read_record(file))
    try:
        export = read_record(file)
        require_digest(file, FileDigest(export.sha256, export.num_bytes))
    except MedtuiError as error:
        if not isinstance(error, UnreadableFile) or error.path != path:
            yield _failure(file, error)
    else:
        yield FileCheck(file, "ok")


def _check_external(run: RunFolder, folder: ExternalFolder) -> Iterator[FileCheck]:
    """Yield the states of a result on another data set, and of the answers behind it."""
    yield from _check_record(folder.result, lambda _: read_external(folder))
    try:
        if (result := read_external(folder)) is not None:
            read_answers(run, result)
            yield FileCheck(folder.predictions, "ok")
    except MedtuiError as error:
        if not isinstance(error, UnreadableFile) or error.path != folder.result:
            yield _failure(folder.predictions, error)


def _check_checkpoints(run: RunFolder) -> Iterator[FileCheck]:
    """Yield the states of checkpoints and intermediate models; a finished run has none."""
    folder = run.checkpoint
    for number in checkpoint_numbers(folder):
        path = checkpoint_path(folder, number)
        found = _try(path, read_checkpoint)
        if isinstance(found, MedtuiError):
            yield _failure(path / STATE, found)
        else:
            yield from _check_record(path / STATE, _record)
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.safetensors")):
        try:
            expected = noted_model(folder, path.name)
            require_digest(path, expected)
            check_safetensors(path)
        except MedtuiError as error:
            yield _failure(path, error)
        else:
            yield FileCheck(path, "ok" if expected else "not recorded")


def _check_study_preset(study: StudyFolder) -> FileCheck:
    """Return the state of the preset, which the reference's repeats."""
    reference = study.reference.preset
    check = _check(study.preset, _preset)
    if check.is_bad or isinstance(_try(reference, _preset), MedtuiError):
        return check
    if read_text(study.preset) != read_text(reference):
        return FileCheck(study.preset, "damaged", f"it differs from {reference}")
    return check


def _check(path: Path, read: Reader) -> FileCheck:
    found = _try(path, read)
    return _failure(path, found) if isinstance(found, MedtuiError) else FileCheck(path, "ok")


def _check_if_there(path: Path, read: Reader) -> Iterator[FileCheck]:
    check = _check(path, read)
    if check.state != "missing":
        yield check


def _try(path: Path, read: Reader) -> object:
    """Return what was read, or the error."""
    try:
        return read(path)
    except MedtuiError as error:
        return error


def _failure(path: Path, error: MedtuiError) -> FileCheck:
    """Return the state of a file that raised an error; the error names a file of its own."""
    if isinstance(error, UnreadableFile):
        state: State = "missing" if isinstance(error, MissingFile) else "damaged"
        return FileCheck(error.path, state, error.reason)
    return FileCheck(path, "damaged", error.message)


def _preset(path: Path) -> object:
    return parse_preset(read_text(path), str(path))


def _record(path: Path) -> object:
    return require_json_record(path, _any)


_any = msgspec.json.Decoder(dict[str, object])


def _reader_of_record(run: RunFolder, path: Path) -> Reader:
    return (lambda _: read_bench(run)) if path == run.bench else _record


def _text(path: Path) -> object:
    content = read_bytes(path, 1024**3)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DamagedFile(path, str(error)) from error


def _log(path: Path) -> object:
    tail = EventTail(path)
    records = tail.read_all()
    if tail.unreadable is None and not path.exists():
        raise MissingFile(path, "No such file or directory")
    _require_whole(path, tail)
    numbers = {record.seq for record in records}
    if numbers and len(numbers) + tail.num_unknown <= max(numbers):
        raise DamagedFile(path, "events are missing")
    return records


def _telemetry(path: Path) -> object:
    tail = SampleTail(path)
    samples = tail.read_all()
    if tail.unreadable is None and not path.exists():
        raise MissingFile(path, "No such file or directory")
    _require_whole(path, tail)
    return samples


def _require_whole(path: Path, tail: EventTail | SampleTail) -> None:
    if tail.unreadable is not None:
        raise tail.unreadable
    if tail.num_damaged:
        raise DamagedFile(path, f"damaged lines: {tail.num_damaged}")
