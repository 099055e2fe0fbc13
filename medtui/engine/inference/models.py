"""Loads what answers images: a run's model, its shrunk model, or a file that was exported."""

from dataclasses import dataclass

import msgspec
import torch

from medtui.datasets.progress import Reporter, ignore_progress
from medtui.engine.inference.exported_file import CPU_SUFFIXES, open_exported
from medtui.engine.inference.networks import Compute, torch_network
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
from medtui.runs.folder import RunFolder
from medtui.runs.model_choice import RUN, SHRUNK, find_model, name_of
from medtui.runs.model_record import ModelRecord
from medtui.runs.result import Result
from medtui.storage import FileDigest, digest_of_file


@dataclass(frozen=True)
class LoadedModel:
    """A model that answers images."""

    run: RunFolder
    result: Result
    record: ModelRecord
    name: str
    """`run`, `shrunk`, or the name of an exported file."""
    digest: FileDigest
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
    path = find_model(run, model)
    if model == RUN:
        compute = _own(run, result, record, device)
    elif model == SHRUNK:
        compute = torch_network(load_shrunk(run), record.preprocessing, device, EXACT)
    else:
        compute = open_exported(path, record, device)
    is_on_cpu = model not in {RUN, SHRUNK} and path.suffix in CPU_SUFFIXES
    return LoadedModel(
        run, result, record, name_of(model, path), digest_of_file(path), compute,
        torch.device("cpu") if is_on_cpu else device,
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
