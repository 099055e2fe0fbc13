"""A ResNet-18 without its empty filters: which are empty, which can go, and what is left."""

from typing import Any

import numpy as np

from tests.helpers.recomputed.weights import Tensors, size_of


def shrinkage_of(tensors: Tensors, side: int) -> dict[str, Any]:
    """Return `shrinkage` as in `result.json`, without the file that a run may write.

    Filters whose outputs are added up, by residual additions, go together or stay together.
    """
    empty = {
        name: ~(tensors[f"{name}.weight"] != 0).reshape(len(tensors[f"{name}.weight"]), -1).any(1)
        for name in _convolutions(tensors)
    }
    neurons = ~(tensors["fc.weight"] != 0).any(axis=1) & (tensors["fc.bias"] == 0)
    kept = {}
    for group in _groups():
        is_kept = ~np.logical_and.reduce([empty[name] for name in group])
        if not is_kept.any():
            is_kept[0] = True
        kept |= dict.fromkeys(group, is_kept)
    return {
        "num_masked": sum(int(each.sum()) for each in empty.values()) + int(neurons.sum()),
        "num_removable": sum(int((~each).sum()) for each in kept.values()),
        "size": size_of(_shrunk(tensors, kept), "resnet18", side),
    }


def _groups() -> list[list[str]]:
    """Return the convolutions whose filters are coupled."""
    found = [["conv1", "layer1.0.conv2", "layer1.1.conv2"]]
    for stage in range(2, 5):
        first = f"layer{stage}.0"
        found.append([f"{first}.conv2", f"{first}.downsample.0", f"layer{stage}.1.conv2"])
    return found + [[f"layer{stage}.{block}.conv1"] for stage in range(1, 5) for block in (0, 1)]


def _inputs_of(layer: str) -> str:
    """Return the convolution whose filters are a layer's inputs."""
    if layer == "fc":
        return "layer4.1.conv2"
    stage, block, name = int(layer[5]), int(layer[7]), layer[9:]
    if name == "conv2":
        return f"layer{stage}.{block}.conv1"
    if block == 1:
        return f"layer{stage}.0.conv2"
    return "conv1" if stage == 1 else f"layer{stage - 1}.1.conv2"


def _convolutions(tensors: Tensors) -> list[str]:
    return [name.removesuffix(".weight") for name, each in tensors.items() if each.ndim == 4]


def _shrunk(tensors: Tensors, kept: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {}
    for name, tensor in tensors.items():
        layer, _, kind = name.rpartition(".")
        if layer in kept:
            rows = tensor[kept[layer]]
            found[name] = rows if layer == "conv1" else rows[:, kept[_inputs_of(layer)]]
        elif layer == "fc":
            found[name] = tensor[:, kept[_inputs_of("fc")]] if kind == "weight" else tensor
        elif kind == "num_batches_tracked":
            found[name] = tensor
        else:
            norm_of = layer.replace("bn", "conv").replace("downsample.1", "downsample.0")
            found[name] = tensor[kept[norm_of]]
    return found
