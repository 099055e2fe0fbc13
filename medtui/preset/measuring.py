"""A preset's sections on what happens beside and after the runs, and changes none of them."""

from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from medtui.documents import UNSHOWN, Document


class TrackSettings(Document):
    """Who else is told how the runs go. Keys never stand in a preset."""

    comet: Literal["off", "offline", "online"] = "off"
    """`offline` keeps an archive in each run's folder; `online` sends, or falls back to that."""
    project: str = "medtui"
    """Comet's project; each run is one experiment in it."""
    workspace: str = ""
    """Comet's workspace; empty takes the key's default one."""
    upload_model: bool = False
    """Whether the resulting weights are handed over, too."""

    @model_validator(mode="before")
    @classmethod
    def _no_key_in_here(cls, table: object) -> object:
        if isinstance(table, dict) and any("key" in str(name).lower() for name in table):
            raise PydanticCustomError(
                UNSHOWN,
                "a key never stands in a preset; set COMET_API_KEY or write ~/.comet.config",
            )
        return table
