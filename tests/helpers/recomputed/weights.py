"""Sizes of a model from its stored weights: counts, bytes, multiply-accumulates and reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.helpers.recomputed.geometry import place_of

Tensors = Mapping[str, np.ndarray]

_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class Layer:
    """A convolution or a linear layer."""

    name: str
    weight: np.ndarray
    macs: int
    reached: np.ndarray
    """Whether a weight is ever multiplied with a pixel, in the weight's shape."""

    @property
    def numbers(self) -> dict[str, Any]:
        """As in `result.json`."""
        structures = np.abs(self.weight).reshape(len(self.weight), -1).max(axis=1)
        return {
            "name": self.name,
            "kind": "conv" if self.weight.ndim == 4 else "linear",
            "num_weights": self.weight.size,
            "num_nonzero": int(np.count_nonzero(self.weight)),
            "num_structures": len(self.weight),
            "num_structures_kept": int(np.count_nonzero(structures)),
            "macs": self.macs,
            "num_unreachable": int((~self.reached).sum()),
        }  # fmt: skip


def layers_of(tensors: Tensors, architecture: str, side: int) -> list[Layer]:
    """Return the layers that can be compressed, in the order of the network."""
    found = []
    for name, weight in tensors.items():
        if not name.endswith(".weight") or weight.ndim not in (2, 4):
            continue
        layer = name.removesuffix(".weight")
        reached, outputs = np.ones(weight.shape, bool), 1
        if weight.ndim == 4:
            place = place_of(architecture, layer, weight.shape, side)
            reached &= place.reached
            outputs = place.side_out**2
        found.append(Layer(layer, weight, outputs * weight.size, reached))
    return found


def size_of(tensors: Tensors, architecture: str, side: int) -> dict[str, Any]:
    """Return `size` as in `result.json`; its layers by name, since the file's order is its own."""
    layers = layers_of(tensors, architecture, side)
    parameters = {name: each for name, each in tensors.items() if not name.endswith(_BUFFERS)}
    num_unreachable = sum(int((~each.reached).sum()) for each in layers)
    kept = sum(int(np.count_nonzero(each.weight[each.reached])) for each in layers)
    return {
        "num_parameters": sum(each.size for each in parameters.values()),
        "num_nonzero": sum(int(np.count_nonzero(each)) for each in parameters.values()),
        "num_compressible": sum(each.weight.size for each in layers),
        "num_compressible_nonzero": sum(int(np.count_nonzero(each.weight)) for each in layers),
        "bytes_dense": sum(each.nbytes for each in tensors.values()),
        "bytes_packed": _packed_bytes(tensors, {f"{each.name}.weight" for each in layers}),
        "macs": sum(each.macs for each in layers),
        "layers": {each.name: each.numbers for each in layers},
        "num_weights_unreachable": num_unreachable,
        "density_reachable": kept / sum(int(each.reached.sum()) for each in layers),
    }


def _packed_bytes(tensors: Tensors, sparse: set[str]) -> int:
    """Return the bytes with sparse weights as one bit a weight and their nonzero values."""
    total = 0
    for name, each in tensors.items():
        packed = (each.size + 7) // 8 + int(np.count_nonzero(each)) * each.itemsize
        total += min(each.nbytes, packed) if name in sparse else each.nbytes
    return total
