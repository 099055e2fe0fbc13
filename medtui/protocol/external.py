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
    others: list[str] = []
    """Those of `runs` whose `model` is evaluated after their own."""
    model: str = "run"
    """`shrunk`, a format of exported files, or the path of one; `run` for none."""
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
    model: str = "run"
    """`run`, `shrunk` or the name of an exported file."""


class SiteSkipped(msgspec.Struct, frozen=True, tag=True):
    """A run that could not be evaluated, while others were."""

    run: str
    """The run's folder."""
    problem: str
    model: str = "run"


EvaluateMessage = Progress | SiteMeasured | SiteSkipped

decoder: msgspec.json.Decoder[EvaluateMessage] = msgspec.json.Decoder(EvaluateMessage)
