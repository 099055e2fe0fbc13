"""A finished run's network, as its folder holds it; for rooms that measure or hand on models."""

from pathlib import Path

import safetensors.torch
from torch import nn

from medtui.engine.pruning.structural_pruning import rebuild
from medtui.engine.training.network import build_network, restore_state
from medtui.errors import MedtuiError, UsageError
from medtui.preset import Preset, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import RunFolder
from medtui.runs.result import Result, read_result
from medtui.runs.shrunk_manifest import read_manifest


def finished_result(run: RunFolder) -> Result:
    """Return the result of a run that has a model.

    Raises:
        UsageError: the run is not finished.
    """
    name = f"{run.study.name}/{run.name}"
    result = read_result(run)
    if result is None or not run.model.is_file():
        raise UsageError(f"{name} is not finished, and only a finished run has a model.")
    return result


def preset_of(run: RunFolder) -> Preset:
    """Read what the run was asked for.

    Raises:
        UsageError: its preset cannot be used any more.
    """
    return parse_preset(read_text(run.preset), str(run.preset))


def load_shrunk(run: RunFolder) -> nn.Module:
    """Build the shrunk network that a run stored, each weight in its own type, on the CPU.

    Raises:
        MedtuiError: it has none, or it cannot be loaded.
    """
    manifest = read_manifest(run.shrunk_manifest)
    network = rebuild(manifest.architecture, manifest.channels, manifest.num_classes, manifest)
    try:
        restore_state(network, safetensors.torch.load_file(run.shrunk))
    except Exception as error:
        raise MedtuiError(f"{run.shrunk} cannot be loaded: {error}") from error
    return network


def load_network(path: Path, preset: Preset, result: Result) -> nn.Module:
    """Build a run's network with the weights of a file, each in its own type, on the CPU.

    Raises:
        MedtuiError: the weights cannot be loaded.
    """
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
