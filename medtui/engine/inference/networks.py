"""A network that answers images: logits, and the inputs of its class layer.

Shapes: N images, K classes, F features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.precision import Precision
from medtui.engine.training.cropped_view import view_for
from medtui.engine.training.evaluation import evaluation_copy
from medtui.engine.training.network import class_layer
from medtui.runs.model_record import Preprocessing


@dataclass(frozen=True)
class Outputs:
    """What a network computes for a batch, on the CPU."""

    logits_NK: Tensor
    features_NF: Tensor | None
    """Inputs of the class layer; None where the file's format does not give them."""


Compute = Callable[[Tensor], Outputs]
"""Maps normalised float32 images (N, C, H, W) to outputs."""


def torch_network(
    network: nn.Module, how: Preprocessing, device: torch.device, precision: Precision
) -> Compute:
    """Return what a torch network computes, in evaluation mode, as the final evaluation does."""
    whole = evaluation_copy(network.to(device), device).eval()
    view = view_for(precision, whole, how.image_shape).network.eval()
    dtype = next(view.parameters()).dtype
    inputs: list[Tensor] = []

    def keep(_module: nn.Module, arguments: tuple[Any, ...]) -> None:
        inputs.append(arguments[0])

    view.get_submodule(class_layer(view)).register_forward_pre_hook(keep)

    @torch.inference_mode()
    def compute(images_NCHW: Tensor) -> Outputs:
        inputs.clear()
        logits_NK = precision.logits(view, images_NCHW.to(device=device, dtype=dtype))
        return Outputs(logits_NK.cpu(), _pooled(inputs[-1]).float().cpu())

    return compute


def _pooled(features: Tensor) -> Tensor:
    """Return (N, F) of a class layer's inputs, which are maps (N, F, H, W) in SqueezeNet."""
    return features.mean(dim=(2, 3)) if features.ndim == 4 else features  # noqa: PLR2004 - NCHW


def exported_program(path: Path) -> Compute:
    """Return what a `.pt2` file computes; it does not give the inputs of its class layer."""
    from medtui.engine.export import pt2

    program = pt2.load(path)[0].module()

    @torch.inference_mode()
    def compute(images_NCHW: Tensor) -> Outputs:
        return Outputs(program(images_NCHW).float(), None)

    return compute


def onnx_network(path: Path) -> Compute:
    """Return what an ONNX file computes in onnxruntime, with torch's number of threads.

    The inputs of its class layer are given where the package onnx, which edits graphs, is
    installed.
    """
    import onnxruntime

    from medtui.engine.export.onnx_file import IMAGES, LOGITS

    content, features = _with_features(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        content, sess_options=options, providers=["CPUExecutionProvider"]
    )
    names = [LOGITS, *([features] if features else [])]

    def compute(images_NCHW: Tensor) -> Outputs:
        found = [
            torch.from_numpy(each)
            for each in session.run(names, {IMAGES: images_NCHW.float().cpu().numpy()})
        ]
        return Outputs(found[0], _pooled(found[1]) if features else None)

    return compute


def _with_features(path: Path) -> tuple[bytes, str]:
    """Return an ONNX file whose class layer's input is an output too, and its name.

    The name is empty where the package onnx is missing, or the last node is no such layer.
    """
    content = path.read_bytes()
    try:
        import onnx
    except ImportError:
        return content, ""
    model = onnx.load_from_string(content)
    name = _class_inputs({each: node for node in model.graph.node for each in node.output})
    if not name:
        return content, ""
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return model.SerializeToString(), name


_LAYERS = frozenset({"Gemm", "MatMul", "Conv"})


def _class_inputs(made_by: dict[str, Any]) -> str:
    """Return the name of the images' side of the last layer of a graph; empty if there is none."""
    from medtui.engine.export.onnx_file import LOGITS

    node = made_by.get(LOGITS)
    while node is not None and node.op_type not in _LAYERS:
        node = next((made_by[each] for each in node.input if each in made_by), None)
    return str(node.input[0]) if node is not None else ""
