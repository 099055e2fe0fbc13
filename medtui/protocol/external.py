"""Request and messages of the process that evaluates finished runs on another data set."""

import msgspec

from medtui.protocol.outcome import Progress


class EvaluateRequest(msgspec.Struct, frozen=True):
    """The runs, and the data set that they are evaluated on."""

    runs: list[str]
    """The runs' folders; references and controls first, as others are compared with them."""
    site: str
    """The data set as JSON of `medtui.preset.external.ExternalSite`."""
    device: str = "auto"
    threads: int = 0
    """CPU threads; 0 uses those of the runs' references."""
    command: list[str] = []
    """The command line that asks, for the study's ledger."""


class SiteMeasured(msgspec.Struct, frozen=True, tag=True):
    """A run's result on the data set is stored."""

    run: str
    """The run's folder."""
    digest: str
    """The data set's."""
    was_stored: bool
    """Whether an earlier evaluation had measured it."""


EvaluateMessage = Progress | SiteMeasured

decoder: msgspec.json.Decoder[EvaluateMessage] = msgspec.json.Decoder(EvaluateMessage)
