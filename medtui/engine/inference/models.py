"""Loads what answers images: a run's model, its shrunk model, or a file that was exported."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import msgspec
import torch

from medtui.datasets.progress import Reporter, ignore_progress
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
from medtui.engine.run.load_run import (
    check_models,
    finished_result,
    load_network,
    load_shrunk,
    preset_of,
)
from medtui.engine.run.model_description import model_record_of
from medtui.engine.run.run_precision import precision_of_results, unmeasured_precision
from medtui.engine.training.network import require_finite
from medtui.errors import MedtuiError, UsageError
from medtui.protocol.export import FormatName
from medtui.runs.exports import Metadata, format_named, read_exports
from medtui.runs.folder import RunFolder
from medtui.runs.model_record import ModelRecord
from medtui.runs.result import Result
from medtui.storage import DamagedFile, digest_of_file
from medtui.suggest import did_you_mean

RUN, SHRUNK = "run", "shrunk"
"""Names of the models in a run's folder; others are formats of exports, or paths."""

_FORMATS = get_args(FormatName)


@dataclass(frozen=True)
class LoadedModel:
    """A model that answers images."""

    run: RunFolder
    result: Result
    record: ModelRecord
    name: str
    """`run`, `shrunk`, or the name of an exported file."""
    sha256: str
    """Of the file with its weights."""
    compute: Compute
    device: torch.device


def load_model(
    run: RunFolder,
    model: str = RUN,
    device: torch.device | None = None,
    report: Reporter = ignore_progress,
) -> LoadedModel:
    """Load a finished run's model, its shrunk model (`shrunk`), an export by format, or a file.

    Raises:
        UsageError: the run is not finished, or has no such model.
        MedtuiError: files of the run are missing or damaged.
    """
    device = device or torch.device("cpu")
    result = finished_result(run)
    check_models(run, result)
    record = model_record_of(run, result, report)
    result = msgspec.structs.replace(result, image_shape=record.preprocessing.image_shape)
    if model == RUN:
        compute, path = _own(run, result, record, device), run.model
    elif model == SHRUNK:
        compute, path = _shrunk(run, record, device), run.shrunk
    else:
        path = _exported(run, model)
        compute = _open(path, record, device)
    name = model if model in {RUN, SHRUNK} else path.name
    is_elsewhere = path.suffix in {".onnx", ".pt2"}
    return LoadedModel(
        run, result, record, name, digest_of_file(path).sha256, compute,
        torch.device("cpu") if is_elsewhere else device,
    )  # fmt: skip


def _own(run: RunFolder, result: Result, record: ModelRecord, device: torch.device) -> Compute:
    preset = preset_of(run)
    network = load_network(run, preset, result)
    require_finite(network, run.model)
    training = (
        unmeasured_precision(preset, device, is_compression=not run.is_trained)
        if preset.is_fast
        else EXACT
    )
    precision = precision_of_results(device, training)
    return torch_network(network, record.preprocessing, device, precision)


def _shrunk(run: RunFolder, record: ModelRecord, device: torch.device) -> Compute:
    if not run.shrunk_manifest.is_file():
        raise UsageError(
            f"{run.study.name}/{run.name} has no shrunk model.",
            hint="Export one: medtui export RUN --shrink --safetensors, and name it: --model PATH.",
        )
    return torch_network(load_shrunk(run), record.preprocessing, device, EXACT)


def _exported(run: RunFolder, model: str) -> Path:
    """Return the file that `--model` names: the newest export of a format, or a path."""
    if model in _FORMATS:
        found = [each for each in read_exports(run.exports) if each.metadata.format == model]
        if found:
            return run.exports / max(found, key=lambda each: each.written_at).file
        raise UsageError(
            f"{run.study.name}/{run.name} has no {model} file in {run.exports}.",
            hint=f"Write one: medtui export {run.study.name}/{run.name} --{model}",
        )
    path = Path(model).expanduser()
    if path.is_file():
        return path
    known = [RUN, SHRUNK, *_FORMATS]
    raise UsageError(
        f"`{model}` is neither a model of a run nor a file. {did_you_mean(model, known)}",
        hint=f"Models: {', '.join(known)}, or the path of an exported file.",
    )


def _open(path: Path, record: ModelRecord, device: torch.device) -> Compute:
    """Return what an exported file computes, if it is of a model with these classes and images.

    Raises:
        UsageError: it is of another model, or no exported file.
        DamagedFile: it cannot be read.
    """
    try:
        if path.suffix == ".onnx":
            _require_same(path, _onnx_metadata(path), record)
            return onnx_network(path)
        if path.suffix == ".pt2":
            from medtui.engine.export import pt2

            if path.name.endswith(format_named("int8").ending):
                import torchao.quantization.pt2e.quantize_pt2e  # noqa: F401 - registers operators
            _require_same(path, _decode(path, pt2.load(path)[1]), record)
            return exported_program(path)
        return _of_weights(path, record, device)
    except MedtuiError:
        raise
    except Exception as error:  # the readers of five formats raise errors of many types
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedFile(path, reason) from error


def _of_weights(path: Path, record: ModelRecord, device: torch.device) -> Compute:
    import safetensors.torch
    from safetensors import safe_open

    if path.suffix == ".packed":
        arrays, text = read_packed(path)
        state = {name: torch.from_numpy(each) for name, each in arrays.items()}
    else:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(WEIGHTS_KEY, "")
        state = safetensors.torch.load_file(path)
    metadata = _decode(path, text.encode())
    _require_same(path, metadata, record)
    return torch_network(network_of(state, metadata), record.preprocessing, device, EXACT)


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
    """Check that a file was trained as the run was.

    Raises:
        UsageError: it has other classes, another size, or other training data.
    """
    own, other = record.preprocessing, metadata.preprocessing
    differing = [
        what
        for what, is_same in (
            ("classes", metadata.classes == record.classes),
            ("image size", (other.size, other.mode) == (own.size, own.mode)),
            ("training data", metadata.data.digest == record.data.digest),
        )
        if not is_same
    ]
    if differing:
        raise UsageError(
            f"{path} is of {metadata.study}/{metadata.run}, with other {' and '.join(differing)} "
            f"than {record.study}/{record.run}.",
            hint="Name the run that it was exported from.",
        )
