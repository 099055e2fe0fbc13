"""Where runs are tracked beside their folders: the preset's section and the table of trackers.

A tracker is one module (its follower process, see `medtui.tracking.follower`), one row of
`TRACKERS` and, in `TrackSettings`, the key that turns it on.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import field_validator, model_validator
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
    """The key of `[track]` that turns it on."""
    library: str
    """The library that its process imports."""
    requirement: str
    """What pip installs for it."""
    upload_command: str = ""
    """Command that records or sends later what the tracker does not have; empty without one."""
    has_archives: bool = False
    """Whether `offline` makes an archive, which the command sends."""


TRACKERS: tuple[TrackerRow, ...] = (
    TrackerRow(
        "comet", "Comet", "medtui.comet.follower", "comet",
        "comet_ml", "comet-ml", "medtui comet upload", has_archives=True,
    ),
    TrackerRow(
        "mlflow", "MLflow", "medtui.mlflow.follower", "mlflow",
        "mlflow", "medtui[mlflow]", "medtui track mlflow",
    ),
    TrackerRow(
        "tensorboard", "TensorBoard", "medtui.tensorboard.follower", "tensorboard",
        "tensorboard", "medtui[tensorboard]", "medtui track tensorboard",
    ),
)  # fmt: skip

_NO_LOGIN = (
    "an address in a preset must not contain a user's name or password; "
    "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
)


class TrackSettings(Document):
    """Experiment trackers that record the runs. API keys are never part of a preset."""

    comet: TrackMode = "off"
    """`offline` keeps an archive in each run's folder; `online` sends, or records offline where the
    server cannot be reached."""
    mlflow: str = ""
    """MLflow's tracking URI, such as `http://tracking:5000` or `file:/data/mlruns`; empty for
    off."""
    tensorboard: bool = False
    """Whether each run's folder also gets TensorBoard files: `tensorboard --logdir RUNS_DIR`."""
    project: str = "medtui"
    """The tracker's project (MLflow: experiment); each run is one experiment (MLflow: run) in
    it."""
    workspace: str = ""
    """The tracker's workspace; empty for the default one of the API key."""
    upload_model: bool = False
    """Whether the tracker also receives the resulting weights."""
    pseudonymise: bool = False
    """Whether paths, hosts, notes and names in sentences are replaced in what trackers receive;
    patients and images are never sent."""

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

    @field_validator("mlflow")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        if address.lower() in {"off", "offline", "online"}:
            raise PydanticCustomError(
                "mlflow_address",
                "is an address: http://HOST:PORT or file:/FOLDER; leave it out for off",
            )
        parts = urlsplit(address)
        if parts.username or parts.password:
            raise PydanticCustomError(UNSHOWN, _NO_LOGIN)
        return address

    def mode_of(self, tracker: TrackerRow) -> TrackMode:
        """Return a tracker's mode; one that is only on or off is `online` where it is on."""
        value: TrackMode | str | bool = getattr(self, tracker.key)
        match value:
            case "off" | "offline" | "online":
                return value
            case _:
                return "online" if value else "off"
