"""The message of the process that reports the installed torch and Condensa."""

import msgspec


class TorchEnvironment(msgspec.Struct, frozen=True):
    """The installed torch, torchvision and Condensa."""

    torch: str = ""
    """Version; empty if it cannot be imported."""
    torchvision: str = ""
    built_for_cuda: str | None = None
    """CUDA version of torch's build; None for a build without CUDA."""
    cpu_capability: str = ""
    threads: int = 0
    gpus: list[str] = []
    """Names of the GPUs that torch can use."""
    condensa: str = ""
    problem: str = ""
    """The import or driver that failed; empty if there is none."""


decoder: msgspec.json.Decoder[TorchEnvironment] = msgspec.json.Decoder(TorchEnvironment)
