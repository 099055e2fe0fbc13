"""Where runs are tracked beside their folders: the preset's section and the table of trackers.

A tracker is one module (its follower process, see `medtui.tracking.follower`), one row of
`TRACKERS` and, in `TrackSettings`, the key that turns it on.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from medtui.preset.toml import UNSHOWN, Document

TrackMode = Literal["off", "offline", "online"]


@dataclass(frozen=True)
class TrackerRow:
    """One tracker that a preset can turn on."""

    name: str
    """Names its folder in a run's folder, which holds its lock, log and state."""
    label: str
    """As messages show it."""
    module: str
    """Module of its follower process: `python -m MODULE RUN_FOLDER --mode MODE`."""
    key: str
    """The key of `[track]` that holds its mode."""
    upload_command: str = ""
    """Command that sends what was recorded offline; empty without one."""


TRACKERS: tuple[TrackerRow, ...] = (
    TrackerRow("comet", "Comet", "medtui.comet.follower", "comet", "medtui comet upload"),
)


class TrackSettings(Document):
    """Experiment trackers that record the runs. API keys are never part of a preset."""

    comet: TrackMode = "off"
    """`offline` keeps an archive in each run's folder; `online` sends, or records offline where the
    server cannot be reached."""
    project: str = "medtui"
    """The tracker's project; each run is one experiment in it."""
    workspace: str = ""
    """The tracker's workspace; empty for the default one of the API key."""
    upload_model: bool = False
    """Whether the tracker also receives the resulting weights."""

    @model_validator(mode="before")
    @classmethod
    def _no_key_in_here(cls, table: object) -> object:
        # The message does not show the line: it would print the key.
        if isinstance(table, dict) and any("key" in str(name).lower() for name in table):
            raise PydanticCustomError(
                UNSHOWN,
                "a preset must not contain an API key; set COMET_API_KEY or write ~/.comet.config",
            )
        return table

    def mode_of(self, tracker: TrackerRow) -> TrackMode:
        """Return a tracker's mode."""
        mode: TrackMode = getattr(self, tracker.key)
        return mode
