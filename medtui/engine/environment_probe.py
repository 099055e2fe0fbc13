"""Sends what torch and Condensa are here, for `doctor`, which must not import them.

`python -m medtui.engine.environment_probe` sends `TorchFacts`.
"""

from importlib import metadata

from msgspec.structs import replace

from medtui.protocol.environment import TorchFacts
from medtui.protocol.stdio import Answers


def probe_environment() -> TorchFacts:
    """Return what torch and Condensa are; `problem` says what could not be imported."""
    try:
        import torch
        import torchvision
    except Exception as error:  # noqa: BLE001 - a broken library raises what it likes
        return TorchFacts(problem=f"torch cannot be imported: {_first_line(error)}")
    found = TorchFacts(
        torch=str(torch.__version__),
        torchvision=str(torchvision.__version__),
        built_for_cuda=torch.version.cuda,
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        threads=torch.get_num_threads(),
    )
    try:
        if torch.cuda.is_available():
            count = torch.cuda.device_count()
            found = replace(found, gpus=[torch.cuda.get_device_name(at) for at in range(count)])
    except Exception as error:  # noqa: BLE001 - a broken driver raises what it likes
        found = replace(found, problem=f"CUDA cannot be used: {_first_line(error)}")
    try:
        import condensa  # noqa: F401 - that it can be imported is the fact

        return replace(found, condensa=metadata.version("condensa"))
    except Exception as error:  # noqa: BLE001 - a broken library raises what it likes
        return replace(found, problem=f"Condensa cannot be imported: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    Answers().send(probe_environment())
