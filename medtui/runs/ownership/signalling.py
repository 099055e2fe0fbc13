"""Asks the owner of a folder to stop: by a signal, or by a file in the folder if it is elsewhere.

This is the only module that signals a process named in a file. A folder is visible across
containers and hosts, but pids are not: the pid in a lock file may belong to an unrelated process
here.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from medtui.errors import EnvironmentProblem, explain_os_error, user_name
from medtui.runs.ownership.liveness import LockReader, lock_id_of
from medtui.runs.ownership.owner import Owner
from medtui.runs.ownership.stop_request import write_stop
from medtui.telemetry.process_stat import own_boot_id, own_pid_namespace, read_stat

_MODULES = frozenset({"supervise", "supervisor", "worker"})
"""Last parts of the names of the programs that hold locks, in this version and earlier ones."""

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05
"""A process that has just acquired a lock may not have written its record yet."""


def request_stop(lock: Path, name: str) -> bool:
    """Ask the process that owns the folder of `lock` to stop; return False where none owns it.

    `name` is the study or run as people call it, for the message.

    Raises:
        EnvironmentProblem: the owner belongs to another user, or cannot be identified, or runs
            elsewhere and is of an earlier version. It was not asked.
    """
    owner = LockReader(lock).holder()
    if owner is None:
        _require_readable(lock.parent)
        return False
    if owner.generation and not (owner.is_local and owner.lock_id == lock_id_of(lock)):
        write_stop(lock.parent, owner.generation, name)
        return True
    return signal_holder(lock, signal.SIGTERM, name)


def _require_readable(folder: Path) -> None:
    """Raise an error where the owner of a folder cannot be known."""
    try:
        with os.scandir(folder):
            return
    except PermissionError as error:
        raise explain_os_error(error) from error
    except OSError:
        return


def signal_holder(lock: Path, number: signal.Signals, name: str) -> bool:
    """Send a signal to the process that holds `lock`; return False where nothing holds it.

    `name` is the study or run as people call it, for the message.

    Raises:
        EnvironmentProblem: the holder runs elsewhere, belongs to another user, or cannot be
            identified. Nothing was signalled.
    """
    for attempt in range(_ATTEMPTS):
        owner = LockReader(lock).holder()
        if owner is None:
            return False
        _check_is_local(owner, name)
        with suppress(ProcessLookupError):
            if _signal(owner, lock, number, name):
                return True
        if attempt < _ATTEMPTS - 1:
            time.sleep(_PAUSE_SECONDS)
    if (owner := LockReader(lock).holder()) is None:
        return False
    raise _unidentified(owner, lock, name)


def _signal(owner: Owner, lock: Path, number: signal.Signals, name: str) -> bool:
    """Signal the owner if it is proven to hold the lock; return whether it was.

    The pid is pinned by a descriptor before the check, so that it cannot be reused between check
    and signal.
    """
    if owner.pid <= 0:
        return False
    pidfd = _open_pidfd(owner.pid)
    try:
        if not _is_holder(owner, lock):
            return False
        if pidfd is None:
            os.kill(owner.pid, number)
        else:
            signal.pidfd_send_signal(pidfd, number)
    except PermissionError as error:
        raise _belongs_to(_user_of(owner), name) from error
    finally:
        if pidfd is not None:
            os.close(pidfd)
    return True


def _open_pidfd(pid: int) -> int | None:
    """Return a descriptor of the process; None where kernel, sandbox or Python offers none.

    Raises:
        ProcessLookupError: there is no such process.
    """
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (AttributeError, OSError):
        return None


def _is_holder(owner: Owner, lock: Path) -> bool:
    """Return whether the process with the owner's pid is the one that holds the lock.

    Where boot and namespace are not both known, its command and its open files have to show it.
    """
    here = (own_boot_id(), own_pid_namespace())
    if owner.is_identified and (owner.boot_id, owner.pid_namespace) == here:
        stat = read_stat(owner.pid)
        return stat is not None and stat.start_ticks == owner.start_ticks
    return _runs_in(owner.pid, lock.parent) and _has_open(owner.pid, lock)


def _runs_in(pid: int, folder: Path) -> bool:
    """Return whether a process's command names one of our programs and this very folder."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    arguments = os.fsdecode(raw).split("\0")
    modules = [each for each in arguments if each.startswith("medtui.")]
    if not any(each.rpartition(".")[2] in _MODULES for each in modules):
        return False
    return any(_is_same(Path(f"/proc/{pid}/cwd", each), folder) for each in arguments if each)


def _has_open(pid: int, lock: Path) -> bool:
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
    return any(_is_same(each, lock) for each in descriptors)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _check_is_local(owner: Owner, name: str) -> None:
    if not owner.is_identified or not (own_boot_id() and own_pid_namespace()):
        return
    if owner.boot_id != own_boot_id():
        raise EnvironmentProblem(
            f"{name} runs on another machine: {owner.describe()}. No signal was sent.",
            hint=f"Run `medtui stop {name}` on {owner.host}, as {owner.user}.",
        )
    if owner.pid_namespace != own_pid_namespace():
        raise EnvironmentProblem(
            f"{name} runs in another container of this machine: {owner.describe()}. "
            "No signal was sent.",
            hint=f"Run `medtui stop {name}` there, as {owner.user}; its host name is {owner.host}.",
        )


def _unidentified(owner: Owner, lock: Path, name: str) -> EnvironmentProblem:
    user = _user_of(owner)
    if os.geteuid() != 0 and user not in {"", user_name(os.getuid())}:
        return _belongs_to(user, name)
    if owner.pid > 0 and not owner.is_identified:
        return EnvironmentProblem(
            f"{name} was started by an earlier version of medtui, whose lock file names process "
            f"{owner.pid} but no machine. It cannot be verified that this is the study's process, "
            "so no signal was sent.",
            hint=f"On the machine where it runs, end it with `kill {owner.pid}`.",
        )
    return EnvironmentProblem(
        f"{name} is locked, but not by the process named in {lock} ({owner.describe()}). "
        "No signal was sent.",
        hint=f"`fuser -v {lock}` lists the processes of this machine that have it open.",
    )


def _belongs_to(user: str, name: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{name} belongs to {user}. Only {user} can stop it.",
        hint=f"Ask {user} to run `medtui stop {name}`.",
    )


def _user_of(owner: Owner) -> str:
    """Return the owner's user name; for the bare pid of an earlier version, that of the process."""
    if owner.user or owner.pid <= 0:
        return owner.user
    try:
        return user_name(Path(f"/proc/{owner.pid}").stat().st_uid)
    except OSError:
        return ""
