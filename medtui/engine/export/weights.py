"""Formats that store only weights, in their own types; the network is rebuilt from metadata."""

from pathlib import Path

import msgspec
import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor, nn

from medtui.engine.export.loaded_run import LoadedRun
from medtui.engine.export.packed import read_packed, write_packed
from medtui.engine.export.runtime import OpenedFile
from medtui.engine.pruning.structural_pruning import rebuild
from medtui.engine.training.network import restore_state, state_of
from medtui.runs.exports import Metadata

KEY = "medtui"
"""Key of medtui's metadata in a safetensors file."""


def write_safetensors(loaded: LoadedRun, metadata: bytes, path: Path) -> None:
    """Write the tensors unchanged."""
    path.write_bytes(safetensors.torch.save(state_of(loaded.network), {KEY: metadata.decode()}))


def read_safetensors(path: Path, _loaded: LoadedRun) -> OpenedFile:
    """Rebuild the network from the file alone."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()[KEY]
    return _opened(safetensors.torch.load_file(path), metadata)


def write_packed_weights(loaded: LoadedRun, metadata: bytes, path: Path) -> None:
    """Write nonzero values and bit masks."""
    arrays = {name: tensor.numpy() for name, tensor in state_of(loaded.network).items()}
    write_packed(path, arrays, metadata.decode())


def read_packed_weights(path: Path, _loaded: LoadedRun) -> OpenedFile:
    """Rebuild the network from the file alone."""
    arrays, metadata = read_packed(path)
    return _opened({name: torch.from_numpy(each) for name, each in arrays.items()}, metadata)


def network_of(state: dict[str, Tensor], metadata: Metadata) -> nn.Module:
    """Return the network of a file's metadata with its weights, in float32."""
    manifest = metadata.network
    network = rebuild(manifest.architecture, manifest.channels, manifest.num_classes, manifest)
    restore_state(network, state)
    return network.float().eval()


def _opened(state: dict[str, Tensor], metadata: str) -> OpenedFile:
    network = network_of(state, msgspec.json.decode(metadata, type=Metadata))
    return OpenedFile(metadata.encode(), {"PyTorch": network}, state)
