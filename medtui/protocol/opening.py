"""Request of the process that evaluates sealed tests; it answers with `Progress`."""

import msgspec

from medtui.protocol.outcome import Progress


class OpeningRequest(msgspec.Struct, frozen=True):
    """The runs whose test is evaluated."""

    study: str
    """The study's folder."""
    runs: list[str]
    """Names of finished runs, a reference before the runs that compress it."""
    device: str = "auto"


decoder: msgspec.json.Decoder[Progress] = msgspec.json.Decoder(Progress)
