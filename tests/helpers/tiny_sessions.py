"""Sessions over a few real demo images and a network small enough to train in milliseconds."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from medtui.datasets.dataset import Dataset, open_dataset
from medtui.engine.run.checkpoint import CheckpointStore
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.preset import Cell, FastPrecision, Preset, expand_grid, parse_preset
from medtui.runs.folder import RunFolder
from medtui.runs.log.writer import EventWriter

PRESET = """
name = "tiny"
[data]
card = "demo"
limit = 48
[reference]
epochs = 3
batch_size = 16
[compress]
schemes = ["{scheme}"]
densities = [0.3]
guard = "{guard}"
[lc]
mode = "{mode}"
cycles = 4
steps = 5
first_steps = 7
batch_size = 16
lr = 0.05
lr_end = 0.005
mu_init = 0.02
mu_multiplier = 1.7
[guard]
floor_channels = 2
recalibrate_images = 32
[evaluate]
bootstrap = 20
"""


@dataclass
class CutAfter(StopFlag):
    """A flag that asks to stop at the n-th look; 0 never asks."""

    looks: int = 0

    @property
    def reason(self) -> str:
        """Count down at each look."""
        self.looks -= 1
        return "cut" if self.looks == 0 else ""

    @reason.setter
    def reason(self, _: str) -> None: ...


def tiny_preset(
    scheme: str = "Prune",
    guard: str = "off",
    mode: str = "exact",
    *,
    is_whole: bool = False,
    precision: FastPrecision | None = None,
    seed: int = 0,
) -> Preset:
    """Return a preset of few, short cycles; with `is_whole`, `mode` is that of every stage."""
    preset = parse_preset(PRESET.format(scheme=scheme, guard=guard, mode=mode), "tiny")
    compress = preset.compress.model_copy(update={"seeds": (seed,)})
    whole = preset.lc.mode if is_whole else "exact"
    compute = preset.compute.model_copy(update={"precision": precision, "mode": whole})
    return preset.model_copy(update={"compress": compress, "compute": compute})


def tiny_dataset(preset: Preset) -> Dataset:
    """Return a handful of demo images."""
    return open_dataset(preset.data)


def tiny_network() -> nn.Module:
    """Return two convolutions, BatchNorm and two linear layers, from a seed."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=4, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2),
    )  # fmt: skip


def deep_network() -> nn.Module:
    """Return four convolutions; the third computes on 2x2 maps and the last on 1x1."""
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=4, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 8, 3, stride=4, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2),
    )  # fmt: skip


def open_session(
    folder: Path, preset: Preset, dataset: Dataset, stop: StopFlag, *, is_reference: bool = False
) -> Session:
    """Open a session on a run folder, from its newest checkpoint where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    run = RunFolder(folder)
    checkpoints = CheckpointStore(run.checkpoint)
    cell: Cell | None = None if is_reference else expand_grid(preset)[0]
    return Session(
        run, preset, cell, torch.device("cpu"), dataset, EventWriter(run.events), stop,
        checkpoints, checkpoints.load_newest(),
    )  # fmt: skip
