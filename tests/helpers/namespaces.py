"""Processes in mount and pid namespaces of their own: two of them are as two containers."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

_UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]


def require_namespaces() -> None:
    """Skip the calling test where namespaces cannot be made, and say so."""
    if not _have_namespaces():
        pytest.skip("needs root and unshare, for mount and pid namespaces")


@contextmanager
def contained(
    command: list[str],
    *,
    own_files: tuple[Path, ...] = (),
    pid: int | None = None,
    **options: object,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a container; everything in it is killed at the end.

    Each of `own_files` is another file there, so that locks on it mean nothing outside. `pid` is
    the command's there.
    """
    require_namespaces()
    script = ['set -e; exec 3<&0; scratch=$(mktemp -d); mount -t tmpfs tmpfs "$scratch"']
    for number, path in enumerate(own_files):
        path.touch()
        script.append(f'touch "$scratch/{number}"; mount --bind "$scratch/{number}" "{path}"')
    if pid is not None:
        script.append(f"echo {pid - 1} > /proc/sys/kernel/ns_last_pid")
    script.append('"$@" <&3 & exec 3<&-; wait $!')
    with subprocess.Popen(
        [*_UNSHARE, "sh", "-c", "\n".join(script), "sh", *command], **options
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def outer_pid(container: subprocess.Popen[bytes], inner: int) -> int:
    """Return the pid here of the process that has the pid `inner` in a container."""
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        pids = next(line.split()[1:] for line in lines if line.startswith("NSpid:"))
        if len(pids) > 1 and int(pids[-1]) == inner and _descends(int(pids[0]), container.pid):
            return int(pids[0])
    raise ProcessLookupError(inner)


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        except OSError:
            return False
        pid = int(fields.split()[1])
    return False


@cache
def _have_namespaces() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        [*_UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0
