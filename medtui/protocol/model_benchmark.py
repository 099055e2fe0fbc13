"""Request of the process that benchmarks a study's finished models; it answers with `Progress`."""

import msgspec

from medtui.protocol.outcome import Progress


class BenchRequest(msgspec.Struct, frozen=True):
    """The models to measure, and how."""

    study: str
    """The study's folder."""
    runs: list[str]
    """Names of finished runs; the reference is always measured, too."""
    settings: str
    """`BenchSettings` as JSON."""
    device: str = "auto"
    threads: int = 0
    """CPU threads; 0 keeps torch's number."""


decoder: msgspec.json.Decoder[Progress] = msgspec.json.Decoder(Progress)
