"""One line of `events.jsonl`: an event with its number, time and checksum.

The line is `{"seq", "time", "crc", "event"}`. The checksum is a CRC-32 over the exact bytes of
the event as they are in the line, seeded with `seq`: a line that was copied or moved is detected
as well as a flipped bit. An event is therefore decoded in two steps: as raw bytes, and as an event
only after its checksum was verified.
"""

import math
import zlib

import msgspec

from medtui.events import AnyEvent

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)


class _Line(msgspec.Struct, gc=False, omit_defaults=True):
    seq: int
    time: float
    crc: str
    event: msgspec.Raw
    generation: int = 0
    stamp: str = ""
    """Checksum of seq, generation and `crc`, which earlier versions compute alike."""


_line_decoder = msgspec.json.Decoder(_Line)


class Record(msgspec.Struct, frozen=True, gc=False):
    """An event with its position and time in the log."""

    seq: int
    """Consecutive number, from 0."""
    time: float
    """Unix time of writing, seconds; for display, not for durations."""
    event: AnyEvent
    generation: int = 0
    """Generation of the writer, see `claim`; 0 in logs of earlier versions."""


class DamagedLine(ValueError):
    """A line that differs from what was written."""


class UnknownKind(ValueError):
    """An intact line with an event that this version does not know."""


def encode_record(record: Record) -> bytes:
    """Return the record's line with its newline; the event must be `finite`."""
    event = _encoder.encode(record.event)
    crc = _checksum(record.seq, event)
    line = _Line(record.seq, record.time, crc, msgspec.Raw(event))
    if record.generation:
        line.generation = record.generation
        line.stamp = _stamp(record.seq, record.generation, crc)
    return _encoder.encode(line) + b"\n"


def decode_record(line: bytes) -> Record:
    """Return the record of a line.

    Raises:
        DamagedLine: the line is not a record, or its checksum is wrong.
        UnknownKind: the line is intact, but its event is of an unknown kind.
    """
    try:
        parsed = _line_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedLine(str(error)) from error
    event = bytes(parsed.event)
    is_stamped = parsed.stamp == _stamp(parsed.seq, parsed.generation, parsed.crc)
    if parsed.crc != _checksum(parsed.seq, event) or not is_stamped:
        raise DamagedLine(f"wrong checksum of record {parsed.seq}")
    try:
        return Record(parsed.seq, parsed.time, _decoder.decode(event), parsed.generation)
    except msgspec.ValidationError as error:
        raise UnknownKind(str(error)) from error


def finite(event: AnyEvent) -> AnyEvent:
    """Return the event with None for numbers that are not finite: JSON has no NaN."""
    return msgspec.convert(_finite(msgspec.to_builtins(event)), AnyEvent)  # type: ignore[no-any-return] # a union is a type to msgspec


def _checksum(seq: int, event: bytes) -> str:
    return f"{zlib.crc32(event, seq & 0xFFFFFFFF):08x}"


def _stamp(seq: int, generation: int, crc: str) -> str:
    """Return the checksum of a line's generation; empty for logs of earlier versions."""
    return f"{zlib.crc32(f'{seq} {generation} {crc}'.encode()):08x}" if generation else ""


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
