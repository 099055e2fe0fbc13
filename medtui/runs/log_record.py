"""One line of `events.jsonl`: an event with its number, time and checksum."""

import math
import zlib

import msgspec

from medtui.events import AnyEvent

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)


class _Line(msgspec.Struct, gc=False):
    seq: int
    time: float
    crc: str
    event: msgspec.Raw


_line_decoder = msgspec.json.Decoder(_Line)


class Record(msgspec.Struct, frozen=True, gc=False):
    """An event as it stands in a log."""

    seq: int
    """Counts from 0 without gaps."""
    time: float
    """Unix time of writing, seconds; for people, never for durations."""
    event: AnyEvent


class DamagedLine(ValueError):
    """A line that is not what its writer wrote."""


class UnknownKind(ValueError):
    """A whole line of an event this version does not know."""


def encode_record(record: Record) -> bytes:
    """Return the record's line, with its newline; its event is `finite`."""
    event = _encoder.encode(record.event)
    line = _Line(record.seq, record.time, _checksum(record.seq, event), msgspec.Raw(event))
    return _encoder.encode(line) + b"\n"


def decode_record(line: bytes) -> Record:
    """Read a line back.

    Raises:
        DamagedLine: it is no line of a log, or its checksum does not hold.
        UnknownKind: it is whole, but of an unknown kind.
    """
    try:
        parsed = _line_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedLine(str(error)) from error
    event = bytes(parsed.event)
    if parsed.crc != _checksum(parsed.seq, event):
        raise DamagedLine(f"checksum of record {parsed.seq} does not hold")
    try:
        return Record(parsed.seq, parsed.time, _decoder.decode(event))
    except msgspec.ValidationError as error:
        raise UnknownKind(str(error)) from error


def finite(event: AnyEvent) -> AnyEvent:
    """Return the event with None for every number that is not finite: JSON has no NaN."""
    return msgspec.convert(_finite(msgspec.to_builtins(event)), AnyEvent)  # type: ignore[no-any-return] # a union is a type to msgspec


def _checksum(seq: int, event: bytes) -> str:
    return f"{zlib.crc32(event, seq & 0xFFFFFFFF):08x}"


def _finite(value: object) -> object:
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list():
            return [_finite(inner) for inner in value]
        case _:
            return value
