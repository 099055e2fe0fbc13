"""The process that times a study's finished models: its request; it answers with `Progress`."""

import msgspec

from medtui.protocol.outcome import Progress


class BenchRequest(msgspec.Struct, frozen=True):
    """What is measured, and on what."""

    study: str
    """The study's folder."""
    runs: list[str]
    """Names of finished runs; the reference always takes part."""
    settings: str
    """`BenchSettings` as JSON."""
    device: str = "auto"
    threads: int = 0
    """CPU threads; 0 leaves torch's own number."""


decoder: msgspec.json.Decoder[Progress] = msgspec.json.Decoder(Progress)
