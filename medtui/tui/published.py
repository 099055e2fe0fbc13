"""What the application's reading threads post to it."""

from dataclasses import dataclass

from textual.message import Message

from medtui.monitor.snapshot import Snapshot
from medtui.telemetry.vitals import Vitals


@dataclass
class SnapshotTaken(Message):
    """The poller has read a new snapshot."""

    snapshot: Snapshot
    """The data that screens show."""


@dataclass
class VitalsRead(Message):
    """The load of the machine has changed."""

    vitals: Vitals
