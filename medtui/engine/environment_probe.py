"""Print what torch and Condensa are here, as JSON.

Run it as `python -m medtui.engine.environment_probe`.

For whoever must not import them: `doctor` starts this and reads.
"""

import os
from importlib import metadata
from typing import Any

import msgspec


def facts() -> dict[str, Any]:
    """Give torch's facts; `problem` says what could not be imported."""
    try:
        import torch
        import torchvision
    except Exception as error:  # noqa: BLE001 - a broken library raises what it likes
        return {"problem": f"torch cannot be imported: {_first_line(error)}"}
    found: dict[str, Any] = {
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
        "built_for_cuda": torch.version.cuda,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "gpus": [],
    }
    try:
        if torch.cuda.is_available():
            count = torch.cuda.device_count()
            found["gpus"] = [torch.cuda.get_device_name(index) for index in range(count)]
    except Exception as error:  # noqa: BLE001 - likewise
        found["problem"] = f"CUDA cannot be used: {_first_line(error)}"
    try:
        import condensa  # noqa: F401 - that it can be imported is the fact

        found["condensa"] = metadata.version("condensa")
    except Exception as error:  # noqa: BLE001 - likewise
        found["problem"] = f"Condensa cannot be imported: {_first_line(error)}"
    return found


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def main() -> None:
    """Print the facts; what libraries print at import goes to stderr."""
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with stdout:
        stdout.write(msgspec.json.encode(facts()))


if __name__ == "__main__":
    main()
