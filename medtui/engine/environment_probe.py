"""Child process that reports the installed torch and Condensa to `doctor`, which imports neither.

`python -m medtui.engine.environment_probe` sends a `TorchEnvironment`.
"""

from importlib import metadata

from msgspec.structs import replace

from medtui.protocol.environment import TorchEnvironment
from medtui.protocol.stdio import MessageWriter


def probe_environment() -> TorchEnvironment:
    """Return the versions of torch and Condensa and the GPUs; `problem` names a failed import."""
    try:
        import torch
        import torchvision
    except Exception as error:  # noqa: BLE001 - a broken installation raises any type of error
        return TorchEnvironment(problem=f"torch cannot be imported: {_first_line(error)}")
    found = TorchEnvironment(
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
    except Exception as error:  # noqa: BLE001 - a broken driver raises any type of error
        found = replace(found, problem=f"CUDA cannot be used: {_first_line(error)}")
    try:
        import condensa  # noqa: F401 - tests the import

        return replace(found, condensa=metadata.version("condensa"))
    except Exception as error:  # noqa: BLE001 - a broken installation raises any type of error
        return replace(found, problem=f"Condensa cannot be imported: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    MessageWriter().send(probe_environment())
