"""Copies of JSON records and logs under pseudonyms; numbers stay as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from medtui.events import AnyEvent, DataLoaded, Noted, RunFailed, RunStarted, StageStarted
from medtui.protocol.finding import ERRORS
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import encode_json_record, require_json_record
from medtui.runs.log.reader import EventTail
from medtui.runs.log.record import encode_record
from medtui.sharing.pseudonyms import WITHHELD
from medtui.sharing.scrubbing import Scrubber
from medtui.storage import FileDigest
from medtui.telemetry import SampleTail

Table = dict[str, Any]

_decoder = msgspec.json.Decoder(Table)


def read_table(path: Path) -> Table:
    """Return a JSON record without its checksum, after it was checked.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    table = require_json_record(path, _decoder)
    table.pop("checksum", None)
    return table


def shared_record(table: Table, scrubber: Scrubber) -> bytes:
    """Return any record: sentences without names and paths."""
    return encode_json_record(scrubber.tree(table))


def shared_provenance(table: Table, scrubber: Scrubber) -> bytes:
    """Return `provenance.json` without host, command and the digest over names."""
    hidden = {"host": WITHHELD, "command": [WITHHELD]}
    known = {key: value for key, value in hidden.items() if key in table}
    if digest := table.get("data_digest"):
        known["data_digest"] = scrubber.pseudonyms.digest(str(digest))
    return encode_json_record(scrubber.tree(table | known) | known)


def shared_model_record(table: Table, scrubber: Scrubber) -> bytes:
    """Return `model.json`, whose data set has another digest."""
    copied = scrubber.tree(table)
    if data := table.get("data"):
        copied["data"]["digest"] = scrubber.pseudonyms.digest(str(data.get("digest", "")))
    return encode_json_record(copied)


def shared_result(table: Table, files: Mapping[str, FileDigest], scrubber: Scrubber) -> bytes:
    """Return `result.json` with the digests of the shared `files`.

    Files without recorded digests, of earlier versions, are recorded neither here.
    """
    recorded = table.get("files") or {}
    accepted = {name: ERRORS.get(name, WITHHELD) for name in table.get("accepted") or {}}
    copied = scrubber.tree({key: value for key, value in table.items() if key != "files"})
    if "files" in table:
        copied["files"] = {name: files[name] for name in recorded if name in files}
    if accepted:
        copied["accepted"] = accepted
    return encode_json_record(copied)


def shared_external(table: Table, answers: FileDigest, scrubber: Scrubber) -> bytes:
    """Return the `result.json` of another data set, whose answers have the digest `answers`."""
    pseudonyms = scrubber.pseudonyms
    copied = scrubber.tree(table)
    copied["digest"] = pseudonyms.digest(str(table["digest"]))
    copied["predictions"] = answers
    copied["findings"] = [_counted(each) for each in table.get("findings") or []]
    if overlap := table.get("overlap"):
        copied["overlap"] = overlap | {
            "patients": [pseudonyms.patient(each) for each in overlap.get("patients") or []],
            "copies": [[pseudonyms.image(each) for each in pair]
                       for pair in overlap.get("copies") or []],
            "unsearched": scrubber.text(overlap.get("unsearched") or ""),
        }  # fmt: skip
    return encode_json_record(copied)


def shared_log(run: RunFolder, scrubber: Scrubber) -> bytes:
    """Return `events.jsonl`; lines that are damaged, or of kinds not known here, are left out.

    Raises:
        UnreadableFile: it cannot be read.
    """
    tail = EventTail(run.events)
    records = tail.read_all()
    if tail.unreadable is not None:
        raise tail.unreadable
    lines, stage = list[bytes](), ""
    for record in records:
        if isinstance(record.event, StageStarted):
            stage = record.event.stage
        event = _shared_event(record.event, stage, scrubber)
        lines.append(encode_record(msgspec.structs.replace(record, event=event)))
    return b"".join(lines)


def _shared_event(event: AnyEvent, stage: str, scrubber: Scrubber) -> AnyEvent:
    match event:
        case RunStarted():
            return msgspec.structs.replace(event, pid=0, host=WITHHELD)
        case DataLoaded():
            digest = scrubber.pseudonyms.digest(event.digest)
            return msgspec.structs.replace(event, digest=digest)
        case Noted():
            text = _counted(event.text) if stage == "data" else event.text
            return msgspec.structs.replace(event, text=scrubber.text(text))
        case RunFailed():
            return msgspec.structs.replace(
                event, message="the run failed; its message was withheld", hint=""
            )
        case _:
            return event


def _counted(sentence: str) -> str:
    """Return what was found in a data set without the examples that follow a colon.

    They may be files that are in no split, such as unreadable ones, whose names nothing else holds.
    """
    return sentence.partition(": ")[0]


def shared_telemetry(run: RunFolder) -> bytes:
    """Return `telemetry.jsonl` without the processes of users and the numbers of devices.

    Raises:
        UnreadableFile: it cannot be read.
    """
    tail = SampleTail(run.telemetry)
    samples = tail.read_all()
    if tail.unreadable is not None:
        raise tail.unreadable
    lines = []
    for sample in samples:
        gpus = [msgspec.structs.replace(gpu, processes=None, uuid=None) for gpu in sample.gpus]
        state = sample.nvml_state if "/" not in sample.nvml_state else WITHHELD
        shared = msgspec.structs.replace(sample, gpus=gpus, nvml_state=state)
        lines.append(msgspec.json.encode(shared) + b"\n")
    return b"".join(lines)
