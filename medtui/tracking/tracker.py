"""What a tracker is, and what it receives of a run. For the follower and for implementations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from medtui.preset import Preset
from medtui.runs.folder import RunFolder


@dataclass(frozen=True)
class RunDescription:
    """What a run is; the first update of every session."""

    name: str
    """`study/run`."""
    study: str
    """Name of the study, by which runs are grouped."""
    parameters: Mapping[str, Any]
    """Settings of its preset by dotted name: `lc.steps`."""


@dataclass(frozen=True)
class Measured:
    """Numbers that belong to one moment."""

    values: dict[str, float]
    """By name: `compress/val/accuracy`. Values that were not measured are absent."""
    step: int | None = None
    """A cycle's number, a training step's counted over its stage, or a second's; None for a
    result."""
    epoch: int | None = None
    """The cycle or epoch; None for telemetry and results."""
    time: float | None = None
    """When it was measured, Unix seconds; None for a result, which belongs to the end."""


@dataclass(frozen=True)
class Facts:
    """What is known of a finished run and is no series of numbers: status, device, warnings."""

    values: Mapping[str, object]


@dataclass(frozen=True)
class Artifact:
    """A file of the run."""

    path: Path
    kind: Literal["file", "figure", "model"]


@dataclass(frozen=True)
class Progress:
    """How much of a run's files has been logged."""

    num_records: int = 0
    """Lines of the event log."""
    num_samples: int = 0
    """Lines of telemetry."""


Update = RunDescription | Measured | Facts | Artifact | Progress


class Tracker(Protocol):
    """A destination of one run's numbers and files."""

    def log(self, update: Update) -> None:
        """Record an update. `Progress` follows the updates that it counts.

        An update that cannot be recorded must not raise: the others are still recorded.
        """

    def close(self) -> None:
        """Send or write what is left.

        Raises:
            EnvironmentProblem: the record is incomplete.
        """


OpenTracker = Callable[[RunFolder, Preset, str], tuple[Tracker, Progress]]
"""Opens a tracker for a run, its preset and a mode (`offline`, `online`).

Also returns what an earlier session has logged already, which is not logged again.
"""
