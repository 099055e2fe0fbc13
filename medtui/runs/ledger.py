"""The ledger of a study: one line for each look at answers that were kept back from choices.

`ledger.jsonl` has one line for each time that labels of test, or of another site, were compared
with a model's answers: what was looked at, when, by which command, and the digests of what went in
and came out. Only `medtui gate` and `medtui evaluate` append; no verb that reads writes.

Each line is canonical JSON (sorted keys, no blanks, texts and whole numbers alone, as RFC 8785
orders them) and holds the SHA-256 of the line before. Changing, removing or moving a line
therefore breaks the chain at that line. Removing the last lines does not, which is why a model card
holds the `head`: the number of lines and the digest of the last one.

A last line without its newline is an append that was interrupted. Readers leave it out; the next
append completes it where it lacks the newline alone, and else cuts it off.
"""

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.atomic_file import sync_folder
from medtui.runs.flock import try_flock
from medtui.runs.folder import StudyFolder
from medtui.storage import DamagedFile, MissingFile, open_log, read_bytes
from medtui.storage.writing import writing

Verb = Literal["gate", "evaluate"]

FIRST = "0" * 64
"""What stands for the line before the first one."""

MAX_BYTES = 256 * 1024**2
"""A hundred thousand looks with a thousand digests each have less."""

LOCK_SECONDS = 30.0
"""How long an append waits for another one, which takes milliseconds."""


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


def read_ledger(study: StudyFolder) -> Ledger:
    """Return a study's ledger; an empty one where nothing was looked at.

    Raises:
        UnreadableFile: it cannot be read.
    """
    try:
        content = read_bytes(study.ledger, MAX_BYTES)
    except MissingFile:
        return Ledger()
    return _parse(content)


def verify_ledger(study: StudyFolder, head: LedgerHead | None = None) -> BrokenLine | None:
    """Return the first broken line of a study's ledger; None where there is none.

    With the `head` of an earlier time, lines that were removed since are found too.

    Raises:
        UnreadableFile: it cannot be read.
    """
    ledger = read_ledger(study)
    if ledger.broken is not None:
        return ledger.broken
    if head is not None and head.num_lines:
        if len(ledger.lines) < head.num_lines:
            missing = f"missing: the ledger had {head.num_lines} lines"
            return BrokenLine(len(ledger.lines) + 1, missing)
        if ledger.lines[head.num_lines - 1].hash != head.hash:
            return BrokenLine(head.num_lines, "another line than the one that was here")
    if ledger.num_torn:
        return BrokenLine(len(ledger.lines) + 1, "incomplete: an append was interrupted")
    return None


def append_look(study: StudyFolder, look: Look) -> LedgerLine:
    """Append a look and sync it to disk; one process at a time.

    Raises:
        DamagedFile: the chain is broken; nothing is appended to it.
        EnvironmentProblem: another process holds the ledger, or the file system has no locks.
        OSError: the disk is full; the ledger is unchanged, or ends in a torn line.
    """
    with open_log(study.ledger) as file, _locked(file, study.ledger):
        file.seek(0)
        ledger = _parse(file.read())
        if ledger.broken is not None:
            raise DamagedFile(
                study.ledger,
                str(ledger.broken),
                hint="Restore it from a copy. A ledger that is moved away begins anew, and cards "
                "that hold its head no longer agree with it.",
            )
        with writing(study.ledger, 4096):
            if ledger.is_complete_but_newline:
                _write(file, b"\n")
                file.seek(0)
                ledger = _parse(file.read())
            elif ledger.num_torn:
                file.truncate(_size_of(file) - ledger.num_torn)
            line = _line_of(look, ledger.head)
            _write(file, canonical(msgspec.to_builtins(line)) + b"\n")
            os.fsync(file.fileno())
        sync_folder(study.path)
    return line


def canonical(value: object) -> bytes:
    """Return a value of texts, whole numbers, lists and tables as canonical JSON."""
    return msgspec.json.encode(value, order="sorted")


def _line_of(look: Look, head: LedgerHead) -> LedgerLine:
    values = msgspec.to_builtins(look) | {
        "seq": head.num_lines,
        "time": datetime.now(UTC).isoformat(timespec="microseconds"),
        "previous": head.hash,
    }
    return msgspec.convert(values | {"hash": _hash_of(values)}, LedgerLine)


def _hash_of(values: dict[str, object]) -> str:
    return hashlib.sha256(canonical(values)).hexdigest()


def _parse(content: bytes) -> Ledger:
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


def _write(file: BinaryIO, line: bytes) -> None:
    """Write a line completely; after a partial write on a full disk, cut it off again."""
    size = _size_of(file)
    if (file.write(line) or 0) < len(line):
        file.truncate(size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "ledger.jsonl")


def _size_of(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


@contextmanager
def _locked(file: BinaryIO, path: Path) -> Iterator[None]:
    """Hold the file's lock.

    Raises:
        EnvironmentProblem: another process keeps it, or the file system has none.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    try:
        while not try_flock(file.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise EnvironmentProblem(
                    f"{path} is being written by another process.", hint="Try again later."
                )
            time.sleep(0.01)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be locked: {error.strerror}.",
            hint="Work on a copy of the study on a file system with locks.",
        ) from error
    yield  # closing the file frees the lock
