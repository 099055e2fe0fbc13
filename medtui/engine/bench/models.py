"""The models that are measured: loaded from their runs, in the precision of the measurement."""

import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import safetensors.torch
import torch
from torch import nn

from medtui.engine.network import build_network, restore_state
from medtui.errors import MedtuiError, UsageError
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import RunFolder
from medtui.runs.result import Result, read_result

_LOADS = 3
"""Times a model is loaded for its load time."""


@dataclass(frozen=True)
class Model:
    """One finished run's network."""

    run: RunFolder
    result: Result
    network: nn.Module
    """On the CPU, as stored."""
    load_ms: float
    """From its file to the device; median."""
    image_CHW: tuple[int, int, int]
    """Shape of the images it takes."""

    def in_precision(self, precision: str, device: torch.device) -> nn.Module:
        """Give a copy to compute with on `device`; `precision` settles the type of its weights."""
        dtype = torch.float16 if precision == "float16" else torch.float32
        return deepcopy(self.network).to(device=device, dtype=dtype).eval()


def load_model(run: RunFolder, device: torch.device) -> Model:
    """Load a finished run's network, and time it.

    Raises:
        UsageError: the run is not finished, or an older medtui made it.
        MedtuiError: its weights cannot be loaded.
    """
    name = f"{run.study.name}/{run.name}"
    result = read_result(run)
    if result is None or not run.model.is_file():
        raise UsageError(f"{name} is not finished; only finished runs can be timed.")
    if result.image_shape is None:
        raise UsageError(
            f"{name} was made by an older medtui, which did not note its images' size."
        )
    preset = parse_preset(run.preset.read_text(encoding="utf-8"), str(run.preset))
    times = []
    for _ in range(_LOADS):
        began = time.perf_counter()
        network = _load(run.model, preset, result)
        network.to(device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1000 * (time.perf_counter() - began))
    return Model(run, result, network.cpu(), median(times), result.image_shape)


def _load(path: Path, preset: Preset, result: Result) -> nn.Module:
    assert result.image_shape is not None
    network = build_network(
        preset.model.architecture,
        channels=result.image_shape[0],
        num_classes=len(result.test.per_class),
        seed=0,
    )
    try:
        restore_state(network, safetensors.torch.load_file(path))
    except Exception as error:
        raise MedtuiError(f"{path} cannot be loaded: {error}") from error
    return network
