"""Owners of folders in another container or on another machine."""

from pathlib import Path

import msgspec

from medtui.runs.ownership.claim import OwnClaim, make_claim, newest_generation
from medtui.runs.ownership.liveness import lock_id_of
from medtui.runs.ownership.owner import this_process


def claim_elsewhere(folder: Path, **other: object) -> OwnClaim:
    """Own a folder as a process in another container does; it beats when the test says so.

    Its pid and start time are this process's, of which it is no part.
    """
    lock = folder / "lock"
    lock.touch()
    fields = {"pid_namespace": 1, "host": "gpu1", "user": "alice", "lock_id": lock_id_of(lock)}
    owner = msgspec.structs.replace(this_process(), **(fields | other))
    claim = make_claim(folder, owner, after=newest_generation(folder), is_contested=False)
    assert claim is not None
    return claim
