"""int8 weights and activations by torchao's PT2E, as a `.pt2` file; fast only when compiled.

Activations are quantised per tensor, with ranges measured on train images; weights per filter.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.export import pt2
from medtui.engine.export.loaded_run import LoadedRun
from medtui.engine.export.runtime import Forward, OpenedFile

COMPILED = "PyTorch, compiled"
"""The runtime with int8 products; without compilation they are emulated in float32."""


def write(loaded: LoadedRun, metadata: bytes, path: Path) -> None:
    """Measure activation ranges, quantise, remove the float weights and write the file."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    settings = x86.get_default_x86_inductor_quantization_config()
    quantizer = x86.X86InductorQuantizer().set_global(settings)
    # Without `is_strict` the quantizer fails on a ReLU module that a block calls twice.
    # Source: pytorch/ao issue 4478, fixed there for linear layers only.
    graph = pt2.trace(loaded.single, loaded, is_strict=True).module()
    observed = prepare_pt2e(graph, quantizer)
    with torch.no_grad():
        for images_NCHW, _ in loaded.calibration():
            observed(images_NCHW)
    quantised = convert_pt2e(observed)
    _strip(quantised)
    pt2.save(pt2.trace(quantised, loaded), metadata, path)


def read(path: Path, _loaded: LoadedRun) -> OpenedFile:
    """Return the file's graph, and with a C++ compiler the compiled graph as well."""
    import torchao.quantization.pt2e.quantize_pt2e  # noqa: F401 - registers the file's operators

    program, metadata = pt2.load(path)
    runtimes: dict[str, Forward] = {"PyTorch": program.module()}
    if can_compile():
        runtimes[COMPILED] = compiled(program.module())
    return OpenedFile(metadata, runtimes)


def can_compile() -> bool:
    """Return whether there is a C++ compiler, which torch.compile needs on a CPU."""
    return shutil.which(os.environ.get("CXX") or "g++") is not None


def compiled(network: nn.Module) -> Forward:
    """Return a network compiled with constant weights, once for each batch size."""
    from torch._inductor import config

    compile_anew = torch.compile(network, dynamic=False)

    @torch.no_grad()
    def forward(images_NCHW: Tensor) -> Tensor:
        with config.patch(freezing=True):
            logits_NK: Tensor = compile_anew(images_NCHW)
        return logits_NK

    return forward


def _strip(graph: Any) -> None:  # noqa: ANN401 - torch.fx's
    """Delete the tensors that no node reads, such as the float weights.

    With them the file is larger than that of float32: 56.3 instead of 11.7 MB.
    """
    read_by_graph = {node.target for node in graph.graph.nodes if node.op == "get_attr"}
    kept = graph.state_dict(keep_vars=True).keys()
    for name in [each for each in kept if each not in read_by_graph]:
        parent, _, leaf = name.rpartition(".")
        delattr(graph.get_submodule(parent), leaf)
