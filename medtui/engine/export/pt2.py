"""torch.export's own file: a graph of torch's operators and its weights, for any batch size."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from medtui.engine.export.loaded_run import Subject
from medtui.engine.export.runtime import Opened

METADATA = "medtui.json"
"""Of the files that a `.pt2` carries along."""


def write(subject: Subject, metadata: bytes, path: Path) -> None:
    """Write the network in float32."""
    save(trace(subject.single, subject), metadata, path)


def read(path: Path, _subject: Subject) -> Opened:
    """Return the graph as PyTorch computes it, operator by operator."""
    program, metadata = load(path)
    return Opened(metadata, {"PyTorch": program.module()})


def trace(network: nn.Module, subject: Subject, *, is_strict: bool = False) -> Any:  # noqa: ANN401 - torch.export's program
    """Trace a network for any number of images."""
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    return torch.export.export(network, (subject.example,), dynamic_shapes=shapes, strict=is_strict)


def save(program: Any, metadata: bytes, path: Path) -> None:  # noqa: ANN401 - likewise
    """Write a program without traces of the stack, which name this machine's folders."""
    for module in program.graph_module.modules():
        for node in module.graph.nodes:
            node.meta.pop("stack_trace", None)
    torch.export.save(program, path, extra_files={METADATA: metadata.decode()})


def load(path: Path) -> tuple[Any, bytes]:
    """Read a program and its metadata."""
    extra: dict[str, Any] = {METADATA: ""}
    program = torch.export.load(path, extra_files=extra)
    found = extra[METADATA]
    return program, found if isinstance(found, bytes) else found.encode()
