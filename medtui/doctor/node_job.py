"""The job in one partition or on one node of a cluster, whichever scheduler starts it."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

MODULE = "medtui.doctor.node_probe"


class JobEnd(msgspec.Struct, frozen=True):
    """How a job ended that wrote no answer, or why it will never start."""

    reason: str
    remedy: str = ""
    """Empty where the software of the node is the likely cause."""


class NodeJob(msgspec.Struct):
    """The job in one partition, or on one node."""

    place: str
    answer: str
    """Name of the file that it writes."""
    state: Callable[[], JobEnd | str]
    """Returns how it ended, or why it waits; empty while it runs."""
    cancel: Callable[[], object]
    has_gpu: bool = False


def probe_command(folder: Path, answer: str, data: str, python: str = sys.executable) -> list[str]:
    """Return the command of a job."""
    return [python, "-m", MODULE, str(folder), answer, *([data] if data else [])]
