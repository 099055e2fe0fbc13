"""Evaluates the sealed test of a finished run as its worker would have, and writes the result.

The files are written into the run's folder `opened`. They are shown once the study's ledger names
the digest of the result, see `medtui.runs.sealing`.
"""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import torch

from medtui.analysis.prediction_changes import changes_csv
from medtui.analysis.split_result import measure_split
from medtui.datasets.dataset import Dataset, open_dataset
from medtui.datasets.digest import NEWEST_RULE
from medtui.engine.precision import EXACT
from medtui.engine.run.device import choose_device, choose_kernels, configure_torch
from medtui.engine.run.finalize import stored_split
from medtui.engine.run.load_run import check_models, finished_result, load_network, preset_of
from medtui.engine.run.run_precision import precision_of_results, unmeasured_precision
from medtui.engine.training.batches import EvaluationBatches, Images, normalisation_of
from medtui.engine.training.evaluation import Predictions, evaluation_copy, predict
from medtui.engine.training.loss import criterion_of
from medtui.engine.training.network import require_finite
from medtui.errors import EnvironmentProblem, MedtuiError
from medtui.preset import Preset
from medtui.runs.atomic_file import delete_partial, publish_bytes, sync_folder
from medtui.runs.data_digest import recorded_digest
from medtui.runs.folder import RunFolder
from medtui.runs.predictions import RunPredictions, pack_predictions, read_predictions
from medtui.runs.result import Result, write_result
from medtui.runs.run_digests import predictions_of
from medtui.storage import digest_of, digest_of_file


def open_tests(runs: list[RunFolder], device: str, report: Callable[[str], object]) -> None:
    """Write the opened results of runs of one study, the references first.

    Raises:
        MedtuiError: a run is not finished, or its data or weights have changed.
    """
    dataset: Dataset | None = None
    opened: dict[RunFolder, RunPredictions] = {}
    for run in runs:
        result, preset = finished_result(run), preset_of(run)
        if not result.is_sealed:
            continue
        if dataset is None:
            dataset = _dataset_of(run, preset)
        report(f"evaluating the test of {run.name}")
        opened[run] = _open(run, result, preset, dataset, device, opened.get(run.reference))


def _dataset_of(run: RunFolder, preset: Preset) -> Dataset:
    recorded = recorded_digest(run)
    rule = recorded.data_digest_rule if recorded else NEWEST_RULE
    dataset = open_dataset(preset.data, digest_rule=rule)
    if recorded is not None and recorded.data_digest != dataset.digest:
        raise EnvironmentProblem(
            f"{run.full_name} was trained with different images, labels or splits.",
            hint="Restore the data set.",
        )
    return dataset


def _open(
    run: RunFolder, result: Result, preset: Preset, dataset: Dataset, device: str,
    reference: RunPredictions | None,
) -> RunPredictions:  # fmt: skip
    """Write a run's opened files; return its predictions."""
    sealed = read_predictions(run.predictions, result.digest_of(run.predictions))
    test = _predict(run, result, preset, dataset, choose_device(device))
    splits = {**sealed.splits, "test": stored_split(dataset.test, test)}
    predictions = replace(sealed, splits=splits)
    if not run.is_reference and reference is None:
        reference = predictions_of(run.reference)  # opened by an earlier gate
    found = measure_split(
        predictions, "test", reference,
        loss=test.loss, method=preset.evaluate.intervals, resamples=preset.evaluate.bootstrap,
        seed=preset.data.seed, has_patients=dataset.has_patients,
    )  # fmt: skip
    folder = run.opened
    folder.path.mkdir(exist_ok=True)
    sync_folder(run.path)  # the ledger's line must not outlive the files that it names
    delete_partial(folder.path)
    files = dict(result.files)
    content = pack_predictions(predictions)
    publish_bytes(folder.predictions, content)
    files[folder.predictions.name] = digest_of(content)
    if reference is not None:
        publish_bytes(folder.changed, changes_csv(reference, predictions).encode())
        files[folder.changed.name] = digest_of_file(folder.changed)
    write_result(folder, msgspec.structs.replace(result, test=found, seal="opened", files=files))
    return predictions


def _predict(
    run: RunFolder, result: Result, preset: Preset, dataset: Dataset, device: torch.device
) -> Predictions:
    machine = preset.machine
    configure_torch(device, machine.reference_threads if run.is_trained else machine.threads)
    choose_kernels(device, measured=False)
    check_models(run, result)
    network = load_network(run, preset, result)
    require_finite(network, run.model)
    training = (
        unmeasured_precision(preset, device, is_compression=not run.is_trained)
        if preset.is_fast
        else EXACT
    )
    images = Images(dataset.test, normalisation_of(dataset), device)
    found = predict(
        evaluation_copy(network.to(device), device),
        EvaluationBatches(images, preset.evaluate.batch_size),
        criterion_of(dataset, device),
        precision_of_results(device, training),
    )
    if not found.are_finite:
        raise MedtuiError(f"The logits of {run.name} on test are not finite.")
    return found
