"""Opens a file that was exported, to answer images: checks that it is of the run, and readable."""

from importlib.util import find_spec
from pathlib import Path

import msgspec
import torch

from medtui.engine.export.onnx_file import KEY
from medtui.engine.export.packed import read_packed
from medtui.engine.export.weights import KEY as WEIGHTS_KEY
from medtui.engine.export.weights import network_of
from medtui.engine.inference.networks import (
    Compute,
    exported_program,
    onnx_network,
    torch_network,
)
from medtui.engine.precision import EXACT
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.runs.exports import Metadata
from medtui.runs.model_record import ModelRecord
from medtui.storage import DamagedFile

CPU_SUFFIXES = frozenset({".onnx", ".pt2"})
"""Suffixes of files that are computed on the CPU, whatever device was asked for."""


def open_exported(path: Path, record: ModelRecord, device: torch.device) -> Compute:
    """Return what an exported file computes, if it is the model of this run.

    Raises:
        UsageError: it is of another run, or no exported file.
        EnvironmentProblem: a package that its format needs is not installed.
        DamagedFile: it cannot be read.
    """
    try:
        if path.suffix == ".onnx":
            _require_package("onnxruntime", path)
            _require_same(path, _onnx_metadata(path), record)
            return onnx_network(path)
        if path.suffix == ".pt2":
            return _open_program(path, record)
        return _of_weights(path, record, device)
    except MedtuiError:
        raise
    except Exception as error:  # the readers of five formats raise errors of many types
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedFile(path, reason) from error


def _open_program(path: Path, record: ModelRecord) -> Compute:
    from medtui.engine.export import pt2

    metadata = _decode(path, pt2.read_metadata(path))
    if metadata.format == "int8":
        _require_package("torchao", path)
        import torchao.quantization.pt2e.quantize_pt2e  # noqa: F401 - registers operators
    _require_same(path, metadata, record)
    return exported_program(path)


def _of_weights(path: Path, record: ModelRecord, device: torch.device) -> Compute:
    import safetensors.torch
    from safetensors import safe_open

    if path.suffix == ".packed":
        _require_package("zstandard", path)
        arrays, text = read_packed(path)
        state = {name: torch.from_numpy(each) for name, each in arrays.items()}
    else:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(WEIGHTS_KEY, "")
        state = safetensors.torch.load_file(path)
    metadata = _decode(path, text.encode())
    _require_same(path, metadata, record)
    return torch_network(network_of(state, metadata), record.preprocessing, device, EXACT)


def _require_package(name: str, path: Path) -> None:
    if find_spec(name) is None:
        raise EnvironmentProblem(
            f"{path} needs {name}, which is not installed.",
            hint="Install with: pip install 'medtui[export]'",
        )


def _onnx_metadata(path: Path) -> Metadata:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return _decode(path, session.get_modelmeta().custom_metadata_map.get(KEY, "").encode())


def _decode(path: Path, text: bytes) -> Metadata:
    if not text:
        raise UsageError(
            f"{path} has no metadata of medtui: its classes and preprocessing are unknown.",
            hint="Name a file that `medtui export` wrote.",
        )
    return msgspec.json.decode(text, type=Metadata)


def _require_same(path: Path, metadata: Metadata, record: ModelRecord) -> None:
    """Check that a file is the model of a run, whose preprocessing and thresholds are applied.

    Studies are not compared by name: their folders may be renamed.

    Raises:
        UsageError: it is of another run, or was trained on other data.
    """
    own, other = record.preprocessing, metadata.preprocessing
    if metadata.run != record.run:
        raise UsageError(
            f"{path} is the model of {metadata.study}/{metadata.run}, not of "
            f"{record.study}/{record.run}.",
            hint=f"Name its own run: {metadata.study}/{metadata.run}",
        )
    differing = [
        what
        for what, is_same in (
            ("classes", metadata.classes == record.classes),
            ("image size", (other.size, other.mode) == (own.size, own.mode)),
            ("training data", metadata.data.digest == record.data.digest),
            ("thresholds", metadata.thresholds == record.thresholds),
        )
        if not is_same
    ]
    if differing:
        raise UsageError(
            f"{path} is of {metadata.study}/{metadata.run}, with other {' and '.join(differing)} "
            f"than {record.study}/{record.run}.",
            hint="Name the run that it was exported from.",
        )
