"""`.pt2` files of torch.export: a graph of torch operators with weights, for any batch size."""

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medtui.engine.export.loaded_run import LoadedRun
from medtui.engine.export.runtime import OpenedFile

METADATA = "medtui.json"
"""Name of medtui's metadata among the extra files of a `.pt2` file."""


def write(loaded: LoadedRun, metadata: bytes, path: Path) -> None:
    """Write the network in float32."""
    save(trace(loaded.single, loaded), metadata, path)


def read(path: Path, _loaded: LoadedRun) -> OpenedFile:
    """Return the graph, which PyTorch runs operator by operator."""
    program, metadata = load(path)
    return OpenedFile(metadata, {"PyTorch": program.module()})


def trace(network: nn.Module, loaded: LoadedRun, *, is_strict: bool = False) -> Any:  # noqa: ANN401 - torch.export's program
    """Return the exported program of a network, for any number of images."""
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    return torch.export.export(network, (loaded.example,), dynamic_shapes=shapes, strict=is_strict)


def save(program: Any, metadata: bytes, path: Path) -> None:  # noqa: ANN401 - torch.export's program
    """Write a program without stack traces, which contain paths of this machine."""
    for module in program.graph_module.modules():
        for node in module.graph.nodes:
            node.meta.pop("stack_trace", None)
    torch.export.save(program, path, extra_files={METADATA: metadata.decode()})


def load(path: Path) -> tuple[Any, bytes]:
    """Return a file's program and its metadata."""
    extra: dict[str, Any] = {METADATA: ""}
    program = torch.export.load(path, extra_files=extra)
    found = extra[METADATA]
    return program, found if isinstance(found, bytes) else found.encode()


def read_metadata(path: Path) -> bytes:
    """Return a file's metadata without its program, which may need operators; empty without any.

    Raises:
        zipfile.BadZipFile: it is no `.pt2` file, or damaged.
        OSError: it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        names = (each for each in archive.namelist() if each.rpartition("/")[2] == METADATA)
        name = next(names, "")
        return archive.read(name) if name else b""
