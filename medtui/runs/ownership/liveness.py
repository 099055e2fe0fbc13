"""Whether a process writes a folder: by its lock, by its process, or by its heartbeat.

`flock` proves that a process is alive, where it works. On the same machine and in the same pid
namespace, `/proc` proves that one is alive or dead. Elsewhere only the heartbeat remains. It is
timed by the reader's monotonic clock; clocks of different hosts are never compared.
"""

import fcntl
import os
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from medtui.runs.ownership.claim import Claim, newest_claim
from medtui.runs.ownership.flock import excludes_others, try_flock
from medtui.runs.ownership.owner import Owner, decode_owner

LOOK_SECONDS = 6.0
"""Three heartbeats: how long a reader that saw no heartbeat yet waits for the first."""

SILENT_SECONDS = 60.0
"""A process without a heartbeat for this long may be superseded.

An NFS client that is mounted with `nocto` may show a file as it was up to `acregmax` seconds ago,
60 by default: there, a live process seems silent for that long. Source: nfs(5).
"""

POLL_SECONDS = 0.2

_MAX_BYTES = 4096


class ClaimWatch:
    """Follows the newest owner record of a folder."""

    def __init__(self, lock: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.lock = lock
        self.claim: Claim | None = None
        """The newest record at the last look."""
        self.has_moved = False
        """Whether a heartbeat was seen."""
        self._clock = clock
        self._since = clock()

    @property
    def silent_seconds(self) -> float:
        """Time since the last heartbeat, or since the first look if none was seen."""
        return self._clock() - self._since

    @property
    def stamp(self) -> str:
        """The record at the last look: equal stamps mean that there was no heartbeat in between."""
        if self.claim is None:
            return ""
        return f"{self.claim.generation}-{zlib.crc32(self.claim.content):08x}"

    def is_alive(self, *, is_flock_free: Callable[[], bool]) -> bool | None:
        """Look; return whether the owner is alive, None where only its heartbeat could tell.

        `is_flock_free` returns whether a working `flock` finds the lock file free.
        """
        before, self.claim = self.claim, newest_claim(self.lock.parent)
        if self.claim is None or self.claim.is_released:
            return False
        if before is None or before.generation != self.claim.generation:
            self.has_moved, self._since = False, self._clock()
        elif before.content != self.claim.content:
            self.has_moved, self._since = True, self._clock()
        return _is_alive(self.claim.owner, self.lock, is_flock_free=is_flock_free)


class LockReader:
    """Reads who writes a folder, again and again. The folder is only read."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        """The lock file."""
        self.is_undecided = False
        """Whether the last look found a process elsewhere whose heartbeat was not seen yet."""
        self.is_silent = False
        """Whether the last look found a process elsewhere without a heartbeat."""
        self.is_copy = False
        """Whether the last look found the record of a process that writes another folder."""
        self.owner_elsewhere = ""
        """The process that it found there, for messages."""
        self._watch = ClaimWatch(path, clock=clock)

    def holder(self) -> Owner | None:
        """Return the process that writes the folder; None where there is none.

        A process elsewhere counts until its heartbeat has been awaited.
        """
        self.is_undecided = self.is_silent = self.is_copy = False
        held = _holder_by_flock(self.path)
        if held is not None:
            return held
        is_alive = self._watch.is_alive(is_flock_free=lambda: _is_flock_free(self.path))
        claim = self._watch.claim
        if claim is None or is_alive is False:
            return None
        self.owner_elsewhere = claim.owner.describe()
        self.is_copy = _is_copy(claim.owner, self.path)
        if is_alive is None:
            limit = SILENT_SECONDS if self._watch.has_moved else LOOK_SECONDS
            self.is_silent = self._watch.silent_seconds >= limit
            self.is_undecided = not (self.is_silent or self._watch.has_moved)
        return None if self.is_silent else claim.owner


class SilenceWatch:
    """Observes the owners of several folders from its construction on.

    Whoever waits for one heartbeat thereby also waits for the others.
    """

    def __init__(self, locks: Iterable[Path]) -> None:
        self._watches = {lock: ClaimWatch(lock) for lock in locks}
        for watch in self._watches.values():
            watch.is_alive(is_flock_free=lambda: False)

    def silent_stamp(self, lock: Path) -> str:
        """Return the stamp of an owner record without a heartbeat for `SILENT_SECONDS`; else ""."""
        watch = self._watches.get(lock)
        if watch is None or watch.is_alive(is_flock_free=lambda: False) is not None:
            return ""
        is_silent = not watch.has_moved and watch.silent_seconds >= SILENT_SECONDS
        return watch.stamp if is_silent else ""


def holder_of(path: Path) -> Owner | None:
    """Return the process that writes the folder of the lock file at `path`, or None.

    For a process elsewhere, this waits up to `LOOK_SECONDS` for its heartbeat.
    """
    reader = LockReader(path)
    owner = reader.holder()
    while reader.is_undecided:
        time.sleep(POLL_SECONDS)
        owner = reader.holder()
    return owner


def is_held(path: Path) -> bool:
    """Return whether a process writes the folder of the lock file at `path`; see `holder_of`."""
    return holder_of(path) is not None


def lock_id_of(path: Path) -> str:
    """Return device and inode of a lock file; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def _is_copy(owner: Owner, lock: Path) -> bool:
    """Return whether a lock file is not the one that an owner holds.

    Another host may have another number for the same device, but not for the inode.
    """
    mine = lock_id_of(lock)
    return bool(owner.lock_id and mine) and owner.lock_id.split(":")[1:] != mine.split(":")[1:]


def _is_alive(owner: Owner, lock: Path, *, is_flock_free: Callable[[], bool]) -> bool | None:
    """Return whether an owner is proven to be alive or dead; None where neither is."""
    is_same = bool(owner.lock_id) and owner.lock_id == lock_id_of(lock)
    if owner.is_of_earlier_boot:
        # Device numbers may change with a boot; the inode of a copy differs all the same.
        is_moved = owner.lock_id.partition(":")[2] != lock_id_of(lock).partition(":")[2]
        return None if is_moved else False
    if owner.is_local and is_same:
        return owner.is_running
    # Locks of one kernel cover all its containers, where both ends have working ones.
    if is_same and owner.is_of_this_boot and owner.has_flock and is_flock_free():
        return False
    return None


def _holder_by_flock(path: Path) -> Owner | None:
    """Return the process named in a lock file that is locked; None where it is not."""
    descriptor = _open(path)
    if descriptor is None:
        return None
    try:
        if try_flock(descriptor, fcntl.LOCK_SH):
            return None
        return decode_owner(os.read(descriptor, _MAX_BYTES))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_flock_free(path: Path) -> bool:
    """Return whether the lock file is free, by a `flock` that works."""
    descriptor = _open(path)
    if descriptor is None:
        return False
    try:
        return try_flock(descriptor, fcntl.LOCK_SH) and excludes_others(path)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _open(path: Path) -> int | None:
    try:
        # Without O_NONBLOCK, opening a FIFO of that name would wait for its writer.
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
