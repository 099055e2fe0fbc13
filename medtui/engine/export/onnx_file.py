"""ONNX: traced by torch.export, checked by onnx, read back and computed by onnxruntime."""

from pathlib import Path

import torch
from torch import Tensor

from medtui.engine.export.loaded_run import Subject
from medtui.engine.export.runtime import Opened

KEY = "medtui"
"""Of the metadata."""

IMAGES, LOGITS = "images", "logits"
"""Names of the graph's input and output."""


def write(subject: Subject, metadata: bytes, path: Path) -> None:
    """Write the network in float32, with any batch size."""
    program = torch.onnx.export(
        subject.single,
        (subject.example,),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        input_names=[IMAGES],
        output_names=[LOGITS],
        external_data=False,
        verbose=False,
    )
    assert program is not None
    for node in program.model.graph:
        node.metadata_props.clear()  # traces of the stack, which name this machine's folders
    program.model.metadata_props[KEY] = metadata.decode()
    program.save(str(path), external_data=False)


def read(path: Path, _subject: Subject) -> Opened:
    """Check the file by onnx's own checker, and give what onnxruntime makes of it."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )

    def answer(images_NCHW: Tensor) -> Tensor:
        (logits_NK,) = session.run([LOGITS], {IMAGES: images_NCHW.numpy()})
        return torch.from_numpy(logits_NK)

    metadata = session.get_modelmeta().custom_metadata_map[KEY]
    return Opened(metadata.encode(), {"onnxruntime": answer})
