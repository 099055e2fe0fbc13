"""The lock of run and study folders: one process writes a folder.

It has two parts. `flock` on the file `lock` keeps other processes out where it works, and ends with
its holder. The owner record beside it holds everywhere: it names the process and has a heartbeat,
see `claim` and `liveness`. The lock file contains the same record, for users and earlier versions.
"""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.ownership.claim import OwnClaim, make_claim
from medtui.runs.ownership.flock import excludes_others, try_flock
from medtui.runs.ownership.heartbeat import Heartbeat
from medtui.runs.ownership.liveness import (
    POLL_SECONDS,
    SILENT_SECONDS,
    ClaimWatch,
    holder_of,
    lock_id_of,
)
from medtui.runs.ownership.owner import Owner, encode_owner, this_process
from medtui.runs.ownership.stop_request import clear_stop

LOCK_RETRY_SECONDS = 1.0
"""Readers briefly take a shared lock to test it; `acquire` retries for this long."""


class FolderLock:
    """Lock of the one process that writes a folder."""

    def __init__(self, path: Path, *, silent_stamp: str = "") -> None:
        self.path = path
        """The lock file; it stays when the lock is freed."""
        self._silent_stamp = silent_stamp
        """Stamp of an owner record whose owner has been awaited already, see `SilenceWatch`."""
        self._descriptor: int | None = None
        self._held: tuple[OwnClaim, Heartbeat] | None = None

    @property
    def claim(self) -> OwnClaim:
        """The owner record; the lock must be held."""
        assert self._held is not None
        return self._held[0]

    @property
    def heartbeat(self) -> Heartbeat:
        """The thread that receives requests to stop; the lock must be held."""
        assert self._held is not None
        return self._held[1]

    def acquire(self) -> None:
        """Become the owner of the folder, with a heartbeat until `release`.

        An owner elsewhere that did not sign off is awaited: with a heartbeat it is alive, without
        one for `SILENT_SECONDS` it is superseded.

        Raises:
            EnvironmentProblem: another process owns the folder, or it cannot be written.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            has_flock = self._take(descriptor)
            if has_flock:
                os.ftruncate(descriptor, 0)  # the record in it is of an earlier owner
            claim = self._claim(has_flock=has_flock)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, encode_owner(claim.owner))
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        heartbeat = Heartbeat(claim)
        self._held = (claim, heartbeat)
        heartbeat.start()

    def release(self) -> None:
        """Stop the heartbeat and release the lock, if it is held."""
        if self._held is not None:
            claim, heartbeat = self._held
            heartbeat.end()
            claim.release()
            self._held = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _take(self, descriptor: int) -> bool:
        """Take the file's lock; return False where locks do not work here.

        Raises:
            EnvironmentProblem: another process holds it.
        """
        deadline = time.monotonic() + LOCK_RETRY_SECONDS
        try:
            while not try_flock(descriptor, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise _refusal(self.path.parent, holder_of(self.path) or Owner(0))
                time.sleep(0.01)
        except OSError:
            return False
        return excludes_others(self.path)

    def _claim(self, *, has_flock: bool) -> OwnClaim:
        folder = self.path.parent
        owner = msgspec.structs.replace(
            this_process(), lock_id=lock_id_of(self.path), has_flock=has_flock
        )
        watch = ClaimWatch(self.path)
        while True:
            is_alive = watch.is_alive(is_flock_free=lambda: has_flock)
            before = watch.claim
            if before is not None and (is_alive or (is_alive is None and watch.has_moved)):
                raise _refusal(folder, before.owner)
            is_silent = watch.stamp == self._silent_stamp
            if is_alive is False or is_silent or watch.silent_seconds >= SILENT_SECONDS:
                after = before.generation if before else 0
                claim = make_claim(folder, owner, after=after, is_contested=is_alive is None)
                if claim is not None:
                    clear_stop(folder)
                    return claim
            else:
                time.sleep(POLL_SECONDS)


def _refusal(folder: Path, owner: Owner) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{folder} is being written by {owner.describe()}.", hint="Stop it first, or attach to it."
    )
