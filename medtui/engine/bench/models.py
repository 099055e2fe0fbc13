"""The models that are measured: loaded from their runs, in the precision of the measurement."""

import time
from copy import deepcopy
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn

from medtui.engine.finished import finished_result, load_network, preset_of
from medtui.runs.folder import RunFolder
from medtui.runs.result import Result

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
    result, preset = finished_result(run), preset_of(run)
    assert result.image_shape is not None
    times = []
    for _ in range(_LOADS):
        began = time.perf_counter()
        network = load_network(run.model, preset, result)
        network.to(device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1000 * (time.perf_counter() - began))
    return Model(run, result, network.cpu(), median(times), result.image_shape)
