"""The process that says which torch and Condensa are installed: its answer."""

import msgspec


class TorchEnvironment(msgspec.Struct, frozen=True):
    """What torch, torchvision and Condensa are here."""

    torch: str = ""
    """Version; empty where it cannot be imported."""
    torchvision: str = ""
    built_for_cuda: str | None = None
    """CUDA version; None for a build without CUDA."""
    cpu_capability: str = ""
    threads: int = 0
    gpus: list[str] = []
    """Names of those torch can use."""
    condensa: str = ""
    problem: str = ""
    """What could not be imported or used; empty where all could."""


decoder: msgspec.json.Decoder[TorchEnvironment] = msgspec.json.Decoder(TorchEnvironment)
