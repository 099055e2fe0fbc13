"""The provenance of a result: versions, hardware, seeds, data and command."""

import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import medtui
from medtui.datasets.dataset import Dataset
from medtui.engine.precision import EXACT, Precision, native_precision
from medtui.engine.run.device import are_kernels_measured, cpu_capability, device_name
from medtui.preset import Preset

_PACKAGES = (
    "torch", "torchvision", "torch-pruning", "condensa", "numpy", "scikit-learn", "safetensors",
    "textual",
)  # fmt: skip


MEASURED_KERNELS = "measured"
"""Value of `kernels` in a fingerprint where a GPU's kernels are chosen by their speed."""


def fingerprint(device: torch.device, precision: Precision | None = None) -> dict[str, str]:
    """Return the versions and hardware that change a run's bits, besides its preset and data.

    `precision` is the run's; None and `EXACT` are that of the exact mode.
    """
    found = {
        "torch": str(torch.__version__),
        "condensa": _version("condensa"),
        "device": device.type,
        "device_name": device_name(device),
        "threads": str(torch.get_num_threads()),
        "cpu_capability": cpu_capability(),
    }
    if device.type == "cuda":
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call] # torch's own
        found |= {"cuda": str(torch.version.cuda), "cudnn": str(cudnn)}
    if are_kernels_measured(device):
        found["kernels"] = MEASURED_KERNELS
    if precision is None or precision is EXACT:
        return found
    found["precision"] = precision.name
    if device.type == "cpu" and not precision.crops_kernels:  # the compiled update of the L step
        found["compiler"] = shutil.which(os.environ.get("CXX") or "g++") or "none"
    return found


def with_precision(then: dict[str, str], device: torch.device) -> dict[str, str]:
    """Return a fast run's fingerprint with the precision, which earlier versions did not record."""
    return {"precision": native_precision(device)} | then


def differences(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return the changed entries of a fingerprint, such as `threads 1 -> 2`.

    Kernels that are chosen by measurement may be others each time.
    """
    changed = [
        f"{key} {then.get(key, 'none')} -> {now.get(key, 'none')}"
        for key in sorted(then.keys() | now.keys())
        if then.get(key) != now.get(key)
    ]
    if then.get("kernels") == now.get("kernels") == MEASURED_KERNELS:
        changed.append("kernels measured again")
    return changed


def provenance(
    preset: Preset, seed: int, dataset: Dataset, bits_depend_on: dict[str, str]
) -> dict[str, Any]:
    """Return the content of `provenance.json`."""
    return {
        "medtui": medtui.__version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "fingerprint": bits_depend_on,
        "driver": _driver(),
        "git": _git_commit(),
        "data_digest": dataset.digest,
        "positive_class": dataset.positive_class,
        "data_digest_rule": dataset.digest_rule,
        "seeds": {
            "split": preset.data.seed, "reference": preset.reference.seed, "run": seed,
        },
        "command": sys.argv,
        "written_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }  # fmt: skip


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _git_commit() -> str | None:
    """Return the commit of medtui's checkout; None outside of one."""
    return _output_of(["git", "-C", str(Path(medtui.__file__).parent), "rev-parse", "HEAD"])


def _driver() -> str | None:
    if not torch.cuda.is_available():
        return None
    return _output_of(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"])


def _output_of(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
