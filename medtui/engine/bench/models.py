"""The models of a benchmark: loaded from their runs, in the precision that is measured."""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import nn

from medtui.engine.pruning.model_size import measure_size
from medtui.engine.run.load_run import (
    check_models,
    finished_result,
    load_network,
    load_shrunk,
    preset_of,
)
from medtui.errors import UsageError
from medtui.protocol.model_size import Size
from medtui.runs.folder import RunFolder
from medtui.runs.result import Result

_LOADS = 3
"""Number of loads whose median is the load time."""


@dataclass(frozen=True)
class Model:
    """One finished run's network."""

    run: RunFolder
    result: Result
    path: Path
    """The file of its weights."""
    network: nn.Module
    """On the CPU, as stored."""
    load_ms: float
    """Median milliseconds from its file to the device."""
    image_CHW: tuple[int, int, int]
    """Shape of its input images."""

    @property
    def is_shrunk(self) -> bool:
        """Whether it is the run's shrunk model, without emptied channels."""
        return self.path == self.run.shrunk

    @property
    def size(self) -> Size:
        """Its parameters, bytes and multiply-accumulates."""
        if not self.is_shrunk:
            return self.result.size
        channels, side, _ = self.image_CHW
        return measure_size(self.network, channels=channels, side=side)

    def in_precision(self, precision: str, device: torch.device) -> nn.Module:
        """Return a copy on `device` in evaluation mode, with weights of the precision's type."""
        dtype = torch.float16 if precision == "float16" else torch.float32
        return deepcopy(self.network).to(device=device, dtype=dtype).eval()


def load_models(run: RunFolder, device: torch.device) -> list[Model]:
    """Return a finished run's model and, if there is one, its shrunk model, with load times.

    Raises:
        UsageError: the run is not finished, or an early version of medtui wrote it.
        MedtuiError: its weights cannot be loaded.
    """
    result, preset = finished_result(run), preset_of(run)
    if result.image_shape is None:
        raise UsageError(
            f"{run.full_name} was written by an early version of medtui, which did not "
            "record the image size. Run the preset again to benchmark it."
        )
    check_models(run, result)
    loaders: dict[Path, Callable[[], nn.Module]] = {
        run.model: lambda: load_network(run, preset, result)
    }
    if run.shrunk_manifest.is_file():
        loaders[run.shrunk] = lambda: load_shrunk(run)
    models = []
    for path, load in loaders.items():
        network, load_ms = _time_loading(load, device)
        models.append(Model(run, result, path, network, load_ms, result.image_shape))
    return models


def _time_loading(load: Callable[[], nn.Module], device: torch.device) -> tuple[nn.Module, float]:
    """Return the network, on the CPU, and the median milliseconds of loading it."""
    times = []
    for _ in range(_LOADS):
        began = time.perf_counter()
        network = load().to(device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1000 * (time.perf_counter() - began))
    return network.cpu(), median(times)
