"""A scheduler whose jobs are over as soon as they are started."""

from collections.abc import Callable
from dataclasses import dataclass, field

from medtui.jobs.schedulers import Ended, JobState, Place, Task
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import RunFolder


def preset_of(name: str) -> Preset:
    """Return the smallest preset of a name."""
    return parse_preset(f'name = "{name}"\n[data]\ncard = "demo"\n', name)


@dataclass
class InstantJob:
    """A job that has ended; a worker that stopped on request ends with status 4."""

    state: JobState = field(default_factory=lambda: Ended(4))

    def stop(self) -> None:
        """Do nothing."""

    def kill(self) -> None:
        """Do nothing."""


class InstantScheduler:
    """Calls a function for each started run."""

    name = "instant"
    shares_cores = False
    waiting_for = ""

    def __init__(self, begin: Callable[[RunFolder], object]) -> None:
        self._begin = begin

    def start(self, task: Task) -> InstantJob:
        """Call the function."""
        self._begin(RunFolder(task.folder))
        return InstantJob()

    def reattach(self, _task: Task) -> None:
        """Find nothing."""

    def refresh(self) -> None:
        """Do nothing."""

    def places(self) -> list[Place]:
        """Return no place."""
        return []

    def close(self) -> None:
        """Do nothing."""
