"""ONNX files: traced by torch.export, checked by onnx, and run by onnxruntime."""

from pathlib import Path

import torch
from torch import Tensor, nn

from medtui.engine.export.loaded_run import LoadedRun
from medtui.engine.export.runtime import Forward, OpenedFile
from medtui.errors import EnvironmentProblem

KEY = "medtui"
"""Key of medtui's metadata in the file."""

IMAGES, LOGITS = "images", "logits"
"""Names of the graph's input and output."""


def write(
    loaded: LoadedRun, metadata: bytes, path: Path, *, opset: int = 20, ir_version: int = 10
) -> None:
    """Write the network in float32, for any batch size.

    Raises:
        EnvironmentProblem: the installed exporter cannot write this operator set.
    """
    write_network(loaded.single, loaded.example, metadata, path, opset, ir_version)


def write_network(
    network: nn.Module,
    example_NCHW: Tensor,
    metadata: bytes,
    path: Path,
    opset: int = 20,
    ir_version: int = 10,
) -> None:
    """Write any network in float32, for any number of images of the example's shape.

    Raises:
        EnvironmentProblem: the installed exporter cannot write this operator set.
    """
    program = torch.onnx.export(
        network,
        (example_NCHW,),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        input_names=[IMAGES],
        output_names=[LOGITS],
        external_data=False,
        verbose=False,
        opset_version=opset,
    )
    assert program is not None
    written = program.model.opset_imports.get("")
    if written != opset:  # the exporter keeps another one where it cannot convert
        raise EnvironmentProblem(
            f"The installed onnxscript cannot write operator set {opset}; it wrote {written}.",
            hint="Choose another --opset.",
        )
    program.model.ir_version = ir_version
    for node in program.model.graph:
        node.metadata_props.clear()  # stack traces, which contain paths of this machine
    program.model.metadata_props[KEY] = metadata.decode()
    program.save(str(path), external_data=False)


def read(path: Path, _loaded: LoadedRun) -> OpenedFile:
    """Check the file with onnx's checker and open it in onnxruntime."""
    import onnx

    onnx.checker.check_model(str(path), full_check=True)
    forward, metadata = open_session(path)
    return OpenedFile(metadata.encode(), {"onnxruntime": forward})


def open_session(path: Path) -> tuple[Forward, str]:
    """Return what computes logits in onnxruntime, with torch's number of threads; the metadata."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )

    def forward(images_NCHW: Tensor) -> Tensor:
        (logits_NK,) = session.run([LOGITS], {IMAGES: images_NCHW.numpy()})
        return torch.from_numpy(logits_NK)

    metadata: str = session.get_modelmeta().custom_metadata_map[KEY]
    return forward, metadata
