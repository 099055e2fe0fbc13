"""Owner records of a folder: `owner-000004.json` belongs to the fourth process that wrote it.

A process becomes the owner by creating the record with the next number. Exclusive creation is
atomic on network file systems too, where `flock` may not work. The number is the owner's
generation. A new owner deletes the earlier records, by which an earlier owner detects that it was
superseded.

The owner rewrites its record every few seconds: the heartbeat, see `heartbeat` and `liveness`.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.ownership.owner import Owner
from medtui.storage.owner_records import generations, record_path

RECORD_BYTES = 1024
"""Length to which records are padded: rewriting one needs no disk space."""

_MAX_BYTES = 4096

Fence = Callable[[], None]
"""Raises `Superseded` where the caller may not write any more."""


class Superseded(EnvironmentProblem):
    """Another process has taken the folder over; this one must not write into it any more."""


class _Record(Owner, frozen=True, omit_defaults=True):
    """Content of an owner record."""

    beat: int = 0
    """Number of heartbeats so far."""
    is_released: bool = False
    """Whether the owner has stopped writing."""


_decoder = msgspec.json.Decoder(_Record)


@dataclass(frozen=True)
class Claim:
    """Owner record as a reader sees it."""

    owner: Owner
    """Pid 0 where the record cannot be read."""
    content: bytes
    """Changes with each heartbeat."""
    is_released: bool

    @property
    def generation(self) -> int:
        """Generation of the owner."""
        return self.owner.generation


class OwnClaim:
    """Owner record of this process."""

    def __init__(self, folder: Path, owner: Owner, *, is_contested: bool) -> None:
        self.folder = folder
        self.owner = owner
        self.is_contested = is_contested
        """Whether the owner before may still be alive somewhere, for example suspended."""
        self._path = record_path(folder, owner.generation)
        self._record = _Record(**msgspec.structs.asdict(owner))

    @property
    def generation(self) -> int:
        """Generation of this process."""
        return self.owner.generation

    def check(self) -> None:
        """Check that this process still owns the folder.

        Raises:
            Superseded: another process has taken it over, or the folder was deleted.
        """
        try:
            os.close(os.open(self._path, os.O_RDONLY | os.O_CLOEXEC))
            is_newest = max(generations(self.folder)) == self.generation
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ESTALE}:
                raise
            is_newest = False
        if not is_newest:
            raise Superseded(f"{self.folder} was taken over by another process, or deleted.")

    def beat(self) -> None:
        """Rewrite the record, so that readers see this process alive.

        Raises:
            Superseded: as `check`.
            OSError: the file system fails.
        """
        self.check()
        self._write(msgspec.structs.replace(self._record, beat=self._record.beat + 1))

    def release(self) -> None:
        """Record that this process has stopped writing; a superseded one changes nothing."""
        try:
            self.check()
            self._write(msgspec.structs.replace(self._record, is_released=True))
        except (OSError, Superseded):
            return

    def _write(self, record: _Record) -> None:
        self._record = record
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, _encode(record))
        finally:
            os.close(descriptor)


def make_claim(folder: Path, owner: Owner, *, after: int, is_contested: bool) -> OwnClaim | None:
    """Become the owner after generation `after`; None where another process was faster.

    Raises:
        OSError: the folder cannot be written.
    """
    record = msgspec.structs.replace(owner, generation=after + 1)
    path = record_path(folder, record.generation)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        return None
    try:
        os.write(descriptor, _encode(_Record(**msgspec.structs.asdict(record))))
        os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    numbers = generations(folder)
    if max(numbers) > record.generation:  # `after` was outdated, and its successor's record gone
        path.unlink(missing_ok=True)
        return None
    for number in numbers:
        if number < record.generation:
            with suppress(OSError):  # a higher number supersedes it all the same
                record_path(folder, number).unlink()
    return OwnClaim(folder, record, is_contested=is_contested)


def newest_claim(folder: Path) -> Claim | None:
    """Return the newest owner record; None where no process of this version has written yet."""
    generation = newest_generation(folder)
    if generation == 0:
        return None
    try:
        # Without O_NONBLOCK, opening a FIFO of that name would wait for its writer.
        descriptor = os.open(
            record_path(folder, generation), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        )
        try:
            content = os.read(descriptor, _MAX_BYTES)
        finally:
            os.close(descriptor)
        record = _decoder.decode(content)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Claim(Owner(0, generation=generation), b"", is_released=False)
    values = {name: getattr(record, name) for name in Owner.__struct_fields__}
    owner = Owner(**(values | {"generation": generation}))
    return Claim(owner, content, record.is_released)


def newest_generation(folder: Path) -> int:
    """Return the generation of the newest owner; 0 where there was none, or none can be read."""
    try:
        return max(generations(folder), default=0)
    except OSError:
        return 0


def unfenced() -> None:
    """Raise nothing: the fence of a writer without rivals."""


def _encode(record: _Record) -> bytes:
    return msgspec.json.encode(record).ljust(RECORD_BYTES - 1) + b"\n"
