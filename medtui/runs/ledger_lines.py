"""Lines of a study's ledger, and the chain that they form. See `medtui.runs.ledger`."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

Verb = Literal["gate", "evaluate"]

FIRST = "0" * 64
"""What stands for the line before the first one."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look, as the verb that looks describes it."""

    verb: Verb
    """The verb that looked."""
    command: list[str]
    """Its command line, word by word."""
    run: str
    """Name of the run that was looked at: `prune-0.1`; of several, the first."""
    split: str
    """The split: `test`, or the split of another site's data."""
    site: str = ""
    """The site's name; empty for the study's own data."""
    inputs: dict[str, str] = {}
    """Name of each input (`prune-0.1/model.safetensors`, `plan.toml`) to its SHA-256."""
    results: dict[str, str] = {}
    """Path of each file that was written, relative to the study, to its SHA-256."""
    outcome: str = ""
    """What came out, in a word: `pass`, `fail`, `undecided`, `evaluated`."""


class LedgerLine(Look, frozen=True, kw_only=True):
    """A look with its place in the chain."""

    seq: int
    """Number of the line, from 0."""
    time: str
    """UTC, by the clock of the machine: `2026-11-29T20:31:07.123456+00:00`."""
    previous: str
    """`hash` of the line before; `FIRST` in the first line."""
    hash: str
    """SHA-256 of the line's canonical JSON without this key."""


class LedgerHead(msgspec.Struct, frozen=True):
    """What a card holds, so that lines that are removed later are missed."""

    num_lines: int
    hash: str
    """`hash` of the last line; `FIRST` where there is none."""


@dataclass(frozen=True)
class BrokenLine:
    """The first line at which a ledger is not what was written."""

    number: int
    """Counted from 1, as editors do."""
    reason: str

    def __str__(self) -> str:
        """Return `line 3: its checksum does not match its content`."""
        return f"line {self.number}: {self.reason}"


@dataclass(frozen=True)
class Ledger:
    """Content of a study's ledger up to its first broken line."""

    lines: tuple[LedgerLine, ...] = ()
    broken: BrokenLine | None = None
    """None where all lines are what was written."""
    num_torn: int = 0
    """Bytes of an interrupted append after the last line."""
    is_complete_but_newline: bool = False
    """Whether these bytes are a line that lacks its newline alone."""

    @property
    def head(self) -> LedgerHead:
        """Number of lines, and the digest of the last one."""
        return LedgerHead(len(self.lines), self.lines[-1].hash if self.lines else FIRST)


def canonical(value: object) -> bytes:
    """Return a value of texts, whole numbers, lists and tables as canonical JSON."""
    return msgspec.json.encode(value, order="sorted")


def line_of(look: Look, head: LedgerHead) -> LedgerLine:
    """Return the line of a look that follows `head`, at this moment."""
    values = msgspec.to_builtins(look) | {
        "seq": head.num_lines,
        "time": datetime.now(UTC).isoformat(timespec="microseconds"),
        "previous": head.hash,
    }
    return msgspec.convert(values | {"hash": _hash_of(values)}, LedgerLine)


def _hash_of(values: dict[str, object]) -> str:
    return hashlib.sha256(canonical(values)).hexdigest()


def parse_ledger(content: bytes) -> Ledger:
    """Return the lines up to the first that is not what was written."""
    end = content.rfind(b"\n") + 1
    torn, lines = content[end:], list[LedgerLine]()
    head = Ledger().head
    for text in content[:end].split(b"\n")[:-1]:
        found = _decode(text, head)
        if isinstance(found, str):
            return Ledger(tuple(lines), BrokenLine(len(lines) + 1, found), len(torn))
        lines.append(found)
        head = LedgerHead(len(lines), found.hash)
    is_complete = isinstance(_decode(torn, head), LedgerLine)
    if not is_complete and isinstance(_decode(torn[:-1], head), LedgerLine):
        broken = BrokenLine(len(lines) + 1, "its newline was changed")
        return Ledger(tuple(lines), broken, len(torn))
    return Ledger(tuple(lines), None, len(torn), is_complete)


def _decode(text: bytes, head: LedgerHead) -> LedgerLine | str:
    """Return a line that follows `head`, or why it is not what was written.

    A later version's keys are part of the digest, and are otherwise left out.
    """
    try:
        values = _decoder.decode(text)
        line = msgspec.convert(values, LedgerLine)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return f"no line of a ledger: {error}"
    if canonical(values) != text:
        return "not in canonical form"
    content = {key: value for key, value in values.items() if key != "hash"}
    if _hash_of(content) != line.hash:
        return "its checksum does not match its content"
    if line.seq != head.num_lines:
        return f"it is number {line.seq + 1} of the lines that were written"
    if line.previous != head.hash:
        return "it does not follow the line before it"
    return line


_decoder = msgspec.json.Decoder(dict[str, object])
