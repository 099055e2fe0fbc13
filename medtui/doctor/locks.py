"""Whether file locks work where runs are stored, and how far they reach."""

import fcntl
import re
import tempfile
from pathlib import Path

from medtui.doctor.finding import Finding
from medtui.runs.ownership.flock import excludes_others, try_flock
from medtui.runs.ownership.liveness import SILENT_SECONDS

_MOUNTS = Path("/proc/self/mountinfo")

_LOCAL_OPTIONS = frozenset({"nolock", "local_lock=all", "local_lock=flock", "localflock"})
"""Mount options with which `flock` ends at a host. Source: nfs(5), mount.lustre(8)."""

_SUBJECT = "Locks: runs"
_REMEDY = "mount the file system with locks for all hosts, or choose another folder with --runs-dir"


def examine_locks(folder: Path, mounts: Path = _MOUNTS) -> Finding:
    """Test `flock` in `folder`, or where it will be created."""
    existing = folder.absolute()
    while not existing.is_dir():
        existing = existing.parent
    kind, options = _mount_of(existing, mounts)
    facts: dict[str, object] = {"folder": str(existing), "file_system": kind}
    try:
        problem = _problem_of(existing)
    except OSError as error:
        text = f"not tested: {existing} cannot be written: {error.strerror}"
        return Finding(_SUBJECT, "warning", text, "choose another folder with --runs-dir", facts)
    if not problem and (local := _LOCAL_OPTIONS & options):
        problem = f"flock ends at this host: {kind} is mounted with {min(local)}"
    facts["flock"] = problem or "works"
    if not problem:
        return Finding(_SUBJECT, "OK", f"flock works on {kind}", facts=facts)
    text = (
        f"{problem}. Heartbeats replace it: what was killed on another host or in a container can "
        f"be resumed after {SILENT_SECONDS:.0f} s"
    )
    return Finding(_SUBJECT, "warning", text, _REMEDY, facts)


def _problem_of(folder: Path) -> str:
    """Return why `flock` does not keep other processes out; empty if it does.

    Raises:
        OSError: the folder cannot be written.
    """
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".medtui-lock-") as file:
        try:
            is_locked = try_flock(file.fileno(), fcntl.LOCK_EX)
        except OSError as error:
            return f"there is no flock: {error.strerror}"
        if not is_locked or not excludes_others(Path(file.name)):
            return "flock accepts every lock, and keeps nobody out"
    return ""


def _mount_of(folder: Path, mounts: Path) -> tuple[str, frozenset[str]]:
    """Return type and options of the file system of a folder.

    Source: proc_pid_mountinfo(5). Blanks in paths are octal escapes.
    """
    found, kind, options = "", "this file system", frozenset[str]()
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return kind, options
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if len(fields) < 6 or len(rest) < 2:  # noqa: PLR2004 - fields of the format
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        if folder.is_relative_to(point) and len(point) >= len(found):
            found, kind = point, rest[0]
            options = frozenset({*fields[5].split(","), *rest[-1].split(",")})
    return kind, options
