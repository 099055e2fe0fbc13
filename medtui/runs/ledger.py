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
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.atomic_file import sync_folder
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger_lines import (
    BrokenLine,
    Ledger,
    LedgerHead,
    LedgerLine,
    Look,
    canonical,
    line_of,
    parse_ledger,
)
from medtui.runs.ownership.flock import try_flock
from medtui.storage import DamagedFile, MissingFile, open_log, read_bytes
from medtui.storage.writing import writing

MAX_BYTES = 256 * 1024**2
"""A hundred thousand looks with a thousand digests each have less."""

LOCK_SECONDS = 30.0
"""How long an append waits for another one, which takes milliseconds."""


def read_ledger(study: StudyFolder) -> Ledger:
    """Return a study's ledger; an empty one where nothing was looked at.

    Raises:
        UnreadableFile: it cannot be read.
    """
    try:
        content = read_bytes(study.ledger, MAX_BYTES)
    except MissingFile:
        return Ledger()
    return parse_ledger(content)


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
        with writing(study.ledger, 4096):
            line = line_of(look, _settle(file, study.ledger).head)
            _write(file, canonical(msgspec.to_builtins(line)) + b"\n")
            os.fsync(file.fileno())
        sync_folder(study.path)
    return line


def settle_ledger(study: StudyFolder) -> Ledger:
    """Return a study's ledger after completing, or cutting off, an interrupted append.

    A look whose line lacks its newline alone happened, and counts before the next.

    Raises:
        DamagedFile: the chain is broken; the file is unchanged.
        EnvironmentProblem: another process holds the ledger, or the file system has no locks.
        OSError: the disk is full.
    """
    ledger = read_ledger(study)
    if ledger.broken is None and not ledger.num_torn:
        return ledger
    with open_log(study.ledger) as file, _locked(file, study.ledger):
        with writing(study.ledger, 4096):
            ledger = _settle(file, study.ledger)
            os.fsync(file.fileno())
        return ledger


def _settle(file: BinaryIO, path: Path) -> Ledger:
    """Return the ledger in a file that is locked, whose last line is then whole.

    Raises:
        DamagedFile: the chain is broken; the file is unchanged.
    """
    file.seek(0)
    ledger = parse_ledger(file.read())
    if ledger.broken is not None:
        raise DamagedFile(
            path,
            str(ledger.broken),
            hint="Restore it from a copy. A ledger that is moved away begins anew, and cards "
            "that hold its head no longer agree with it.",
        )
    if ledger.is_complete_but_newline:
        _write(file, b"\n")
        file.seek(0)
        return parse_ledger(file.read())
    if ledger.num_torn:
        file.truncate(_size_of(file) - ledger.num_torn)
    return ledger


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
