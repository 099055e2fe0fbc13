"""The models that are measured: loaded from their runs, in the precision of the measurement."""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import nn

from medtui.engine.pruning.model_size import measure_size
from medtui.engine.run.load_run import finished_result, load_network, load_shrunk, preset_of
from medtui.errors import UsageError
from medtui.protocol.model_size import Size
from medtui.runs.folder import RunFolder
from medtui.runs.result import Result

_LOADS = 3
"""Times a model is loaded for its load time."""


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
    """From its file to the device; median."""
    image_CHW: tuple[int, int, int]
    """Shape of the images it takes."""

    @property
    def is_shrunk(self) -> bool:
        """Whether it is the run's model without the channels that were emptied."""
        return self.path == self.run.shrunk

    @property
    def size(self) -> Size:
        """How large it is."""
        if not self.is_shrunk:
            return self.result.size
        channels, side, _ = self.image_CHW
        return measure_size(self.network, channels=channels, side=side)

    def in_precision(self, precision: str, device: torch.device) -> nn.Module:
        """Return a copy on `device`; `precision` determines the type of its weights."""
        dtype = torch.float16 if precision == "float16" else torch.float32
        return deepcopy(self.network).to(device=device, dtype=dtype).eval()


def load_models(run: RunFolder, device: torch.device) -> list[Model]:
    """Load a finished run's network and, where it has one, its shrunk one; time the loading.

    Raises:
        UsageError: the run is not finished, or an older medtui made it.
        MedtuiError: its weights cannot be loaded.
    """
    result, preset = finished_result(run), preset_of(run)
    if result.image_shape is None:
        raise UsageError(
            f"{run.study.name}/{run.name} was made by an older medtui, which did not note its "
            "images' size."
        )
    loaders: dict[Path, Callable[[], nn.Module]] = {
        run.model: lambda: load_network(run.model, preset, result)
    }
    if run.shrunk_manifest.is_file():
        loaders[run.shrunk] = lambda: load_shrunk(run)
    models = []
    for path, load in loaders.items():
        network, load_ms = _time_loading(load, device)
        models.append(Model(run, result, path, network, load_ms, result.image_shape))
    return models


def _time_loading(load: Callable[[], nn.Module], device: torch.device) -> tuple[nn.Module, float]:
    """Return the network, on the CPU, and the median of a few loads' milliseconds."""
    times = []
    for _ in range(_LOADS):
        began = time.perf_counter()
        network = load().to(device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1000 * (time.perf_counter() - began))
    return network.cpu(), median(times)
