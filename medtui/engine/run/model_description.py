"""The record of a run's model, made from its data set: by the worker, or later for earlier runs."""

from contextlib import suppress

import medtui
from medtui.datasets.dataset import Dataset, open_dataset
from medtui.datasets.digest import NEWEST_RULE
from medtui.datasets.progress import Reporter, ignore_progress
from medtui.engine.run.load_run import preset_of
from medtui.errors import EnvironmentProblem, MedtuiError
from medtui.runs.data_digest import recorded_digest
from medtui.runs.folder import RunFolder
from medtui.runs.model_record import (
    DataSource,
    ModelRecord,
    Preprocessing,
    read_model_record,
    write_model_record,
)
from medtui.runs.result import Result


def describe_model(
    run: RunFolder, architecture: str, dataset: Dataset, result: Result
) -> ModelRecord:
    """Return what a run's model needs to be used."""
    none = dataset.none_class if result.none_class else None
    positive = result.positive
    return ModelRecord(
        study=run.study.name,
        run=run.name,
        architecture=architecture,
        classes=list(dataset.classes),
        task=dataset.task,
        preprocessing=_preprocessing(dataset),
        data=_source(dataset),
        positive_class=positive.name if positive else None,
        thresholds=result.thresholds,
        threshold_rule=result.threshold_rule if result.thresholds else None,
        none_class=result.none_class,
        none_beside=list(none.beside) if none else [],
        class_weights=list(dataset.class_weights),
        medtui=medtui.__version__,
    )


def model_record_of(
    run: RunFolder, result: Result, report: Reporter = ignore_progress
) -> ModelRecord:
    """Return the record of a finished run's model; of earlier versions, make it from the data set.

    It is then written, so that the data set is needed once.

    Raises:
        MedtuiError: the record is damaged, or there is none and the data set cannot be read.
    """
    record = read_model_record(run, result)
    if record is not None:
        return record
    record = _derived(run, result, report)
    with suppress(OSError):  # a folder that is not ours to write: it is made again next time
        write_model_record(run, record)
    return record


def _derived(run: RunFolder, result: Result, report: Reporter) -> ModelRecord:
    preset, recorded = preset_of(run), recorded_digest(run)
    rule = recorded.data_digest_rule if recorded else NEWEST_RULE
    name = run.full_name
    try:
        dataset = open_dataset(preset.data, digest_rule=rule, progress=report)
    except MedtuiError as error:
        raise EnvironmentProblem(
            f"{name} has no model.json, as an earlier version made it, and the data set that holds "
            f"its preprocessing cannot be read: {error.message}",
            hint=f"Make the data set of {run.preset} available once.",
        ) from error
    if recorded is not None and recorded.data_digest != dataset.digest:
        raise EnvironmentProblem(
            f"{name} has no model.json, as an earlier version made it, and its data set has "
            "changed since.",
            hint=f"Restore the data set of {run.preset} once.",
        )
    return describe_model(run, preset.model.architecture, dataset, result)


def _preprocessing(dataset: Dataset) -> Preprocessing:
    card = dataset.card
    return Preprocessing(
        mode="L" if dataset.channels == 1 else "RGB",
        size=dataset.size,
        mean=dataset.mean,
        std=dataset.std,
        deep=_describe_depth(dataset.bits, card.window),
        fit=card.fit,
        bits=dataset.bits,
        window=card.window,
        frame=card.frame,
    )


def _describe_depth(bits: int | None, window: tuple[float, float] | None) -> str:
    """Return what becomes of pixels deeper than 8 bits, in words."""
    if window is not None:
        return f"stored values from {window[0]:g} to {window[1]:g} become black to white"
    if bits is not None:
        return f"values from 0 to 2**{bits} become black to white; opacity is dropped"
    return "values from 0 to each image's own range become black to white; opacity is dropped"


def _source(dataset: Dataset) -> DataSource:
    card = dataset.card
    return DataSource(
        card.name, card.title, card.source, card.licence, card.citation, dataset.digest
    )
