"""int8 weights and activations in an ONNX file, quantised by onnxruntime; fast without a compiler.

The graph has pairs of QuantizeLinear and DequantizeLinear, which onnxruntime, TensorRT and OpenVINO
turn into int8 products. Weights have a scale per filter, activations one per tensor, with ranges
measured on train images.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medtui.engine.export import onnx_file
from medtui.engine.export.loaded_run import LoadedRun
from medtui.engine.export.runtime import Forward

DENSE = "dense reference, onnxruntime"
"""The study's reference as a float32 ONNX file, timed beside the int8 file."""


def write(
    loaded: LoadedRun, metadata: bytes, path: Path, *, opset: int = 20, ir_version: int = 10
) -> None:
    """Write the network in float32, fold its BatchNorms, measure ranges and quantise it.

    Raises:
        EnvironmentProblem: the installed exporter cannot write this operator set.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory(dir=path.parent) as folder:
        single, folded = Path(folder) / "float.onnx", Path(folder) / "folded.onnx"
        onnx_file.write(loaded, metadata, single, opset=opset, ir_version=ir_version)
        # Its symbolic shapes need no guess here: the graph comes with all but the batch's.
        quant_pre_process(str(single), str(folded), skip_symbolic_shape=True)
        quantize_static(
            str(folded),
            str(path),
            _Calibration(loaded),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            # Products of unsigned by signed bytes are what VNNI has; signed ones run slower.
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    model = onnx.load(str(path))
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {onnx_file.KEY: metadata.decode()})
    model.ir_version = ir_version
    onnx.save(model, str(path))


def dense_peer(loaded: LoadedRun, folder: Path) -> Forward:
    """Return the dense reference as a float32 ONNX file in onnxruntime, written to `folder`."""
    path = folder / "dense.onnx"
    onnx_file.write_network(loaded.dense, loaded.example, b"{}", path)
    return onnx_file.open_session(path)[0]


class _Calibration:
    """Train images as onnxruntime's quantisation reads them: a dict a call, then None."""

    def __init__(self, loaded: LoadedRun) -> None:
        self._batches: Iterator[Any] = iter(loaded.calibration())

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch by the name of the graph's input; None after the last."""
        found = next(self._batches, None)
        return None if found is None else {onnx_file.IMAGES: found[0].numpy()}

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:  # noqa: ANN401 - onnxruntime's feeds
        if (found := self.get_next()) is None:
            raise StopIteration
        return found
