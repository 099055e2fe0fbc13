"""What a job of `doctor --scheduler` finds out on its node. Imports no torch.

`python -m medtui.doctor.node_probe FOLDER ANSWER [DATA]` writes what it found to the file `ANSWER`
in `FOLDER`, which `doctor` has made in the runs folder, and in which it holds the file `held`.
"""

import argparse
import fcntl
import os
import platform
import socket
import sys
import time
from pathlib import Path

import msgspec

from medtui import __version__
from medtui.doctor.software import read_torch_facts
from medtui.protocol.environment import TorchEnvironment
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.ownership.flock import try_flock
from medtui.storage import open_regular
from medtui.telemetry.process_stat import own_boot_id

HELD = "held"
"""File that `doctor` has locked."""


class NodeFacts(msgspec.Struct, frozen=True):
    """What is there on a node."""

    host: str
    boot_id: str
    """The kernel's identifier of one boot of one machine; empty where unknown."""
    python: str
    """Version."""
    executable: str
    medtui: str
    """Version."""
    torch: TorchEnvironment
    data_problem: str = ""
    """Why the study's data cannot be read; empty if they can, or if there are none to look for."""
    sees_locks: bool = True
    """Whether a lock that is held on another machine keeps this one out."""
    clock_offset_s: float = 0.0
    """Node's clock minus that of the file system with the runs, seconds."""


decoder: msgspec.json.Decoder[NodeFacts] = msgspec.json.Decoder(NodeFacts)


def probe_node(folder: Path, data: str = "") -> NodeFacts:
    """Return what is there on this node; `data` is a path that must be readable.

    Raises:
        OSError: `folder` is not there, or cannot be written.
    """
    return NodeFacts(
        host=socket.gethostname(),
        boot_id=own_boot_id(),
        python=platform.python_version(),
        executable=sys.executable,
        medtui=__version__,
        torch=read_torch_facts(),
        data_problem=_problem_of(data) if data else "",
        sees_locks=_sees_locks(folder / HELD),
        clock_offset_s=clock_offset(folder),
    )


def clock_offset(folder: Path) -> float:
    """Return this machine's clock minus the clock that stamps the files of a folder, seconds.

    On a network file system the server stamps them: two machines are compared by their offsets,
    whenever each was measured.
    """
    stamped = folder / f"clock-{socket.gethostname()}-{os.getpid()}"
    before = time.time()
    stamped.write_bytes(b"1")
    after = time.time()
    offset = (before + after) / 2 - stamped.stat().st_mtime
    # A stamp between both moments, and the clock's tick, are no offset.
    return offset if abs(offset) > (after - before) / 2 + 0.01 else 0.0


def _sees_locks(held: Path) -> bool:
    with open_regular(held) as file:
        try:
            return not try_flock(file.fileno(), fcntl.LOCK_SH)
        except OSError:
            return False


def _problem_of(data: str) -> str:
    path = Path(data)
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            open_regular(path).close()
    except OSError as error:
        return f"{data}: {error.strerror}"
    return ""


def main() -> None:
    """Probe this node for `doctor`."""
    parser = argparse.ArgumentParser(prog="python -m medtui.doctor.node_probe", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("answer")
    parser.add_argument("data", nargs="?", default="")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        sys.exit(f"the runs folder {arguments.folder.parent} is not there")
    facts = probe_node(arguments.folder, arguments.data)
    publish_bytes(arguments.folder / arguments.answer, msgspec.json.encode(facts))


if __name__ == "__main__":
    main()
