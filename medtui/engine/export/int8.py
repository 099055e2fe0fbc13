"""int8 weights and activations by torchao's PT2E, as a `.pt2`; fast once it is compiled.

Activations are quantised per tensor in ranges measured on train images, weights per filter.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.export import pt2
from medtui.engine.export.loaded_run import Subject
from medtui.engine.export.runtime import Answer, Opened

COMPILED = "PyTorch, compiled"
"""The runtime in which products are int8's; without it they are emulated in float32."""


def write(subject: Subject, metadata: bytes, path: Path) -> None:
    """Measure ranges, quantise, leave the float weights behind, write."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    settings = x86.get_default_x86_inductor_quantization_config()
    quantizer = x86.X86InductorQuantizer().set_global(settings)
    # Without `is_strict` a ReLU module that a block calls twice stops the quantizer.
    # Source: pytorch/ao issue 4478, mended there for linear layers alone.
    graph = pt2.trace(subject.single, subject, is_strict=True).module()
    observed = prepare_pt2e(graph, quantizer)
    with torch.no_grad():
        for images_NCHW, _ in subject.calibration():
            observed(images_NCHW)
    quantised = convert_pt2e(observed)
    _strip(quantised)
    pt2.save(pt2.trace(quantised, subject), metadata, path)


def read(path: Path, _subject: Subject) -> Opened:
    """Return the graph as it is and, where there is a C++ compiler, compiled."""
    import torchao.quantization.pt2e.quantize_pt2e  # noqa: F401 - registers the file's operators

    program, metadata = pt2.load(path)
    runtimes: dict[str, Answer] = {"PyTorch": program.module()}
    if can_compile():
        runtimes[COMPILED] = compiled(program.module())
    return Opened(metadata, runtimes)


def can_compile() -> bool:
    """Whether there is a C++ compiler, which torch.compile needs on a CPU."""
    return shutil.which(os.environ.get("CXX") or "g++") is not None


def compiled(network: nn.Module) -> Answer:
    """Compile a network with its weights frozen in, for each batch size by itself."""
    from torch._inductor import config

    compile_anew = torch.compile(network, dynamic=False)

    @torch.no_grad()
    def answer(images_NCHW: Tensor) -> Tensor:
        with config.patch(freezing=True):
            logits_NK: Tensor = compile_anew(images_NCHW)
        return logits_NK

    return answer


def _strip(graph: Any) -> None:  # noqa: ANN401 - torch.fx's
    """Delete the tensors that no node reads: the float weights stay behind otherwise.

    Left in, they make the file larger than the float32 one: 56.3 against 11.7 MB.
    """
    read_by_graph = {node.target for node in graph.graph.nodes if node.op == "get_attr"}
    kept = graph.state_dict(keep_vars=True).keys()
    for name in [each for each in kept if each not in read_by_graph]:
        parent, _, leaf = name.rpartition(".")
        delattr(graph.get_submodule(parent), leaf)
