"""The final evaluation of a run, and its result files; `result.json` is written last."""

import msgspec

from medtui.analysis.prediction_changes import changes_csv
from medtui.datasets.dataset import SplitData
from medtui.engine.external.planned import evaluate_planned
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.pruning.shrink_report import store_shrunk_model
from medtui.engine.run.model_description import describe_model
from medtui.engine.run.result_content import EvaluatedModel, TrainedModel, describe_run
from medtui.engine.run.session import Session
from medtui.engine.training.batches import EvaluationBatches
from medtui.engine.training.evaluation import Predictions, evaluation_copy, predict
from medtui.errors import EnvironmentProblem
from medtui.runs.former_result import read_former_result
from medtui.runs.json_record import encode_json_record
from medtui.runs.model_record import ModelRecord
from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
)
from medtui.runs.result import Result, write_result
from medtui.runs.run_digests import digest_files, predictions_of
from medtui.storage import UnreadableFile, digest_of


def finalize(session: Session, outcome: TrainedModel) -> Result:
    """Evaluate the model on val and test; write weights, predictions and, last, the result."""
    model = evaluation_copy(outcome.model, session.device)
    kept = session.kept.matching(outcome.model)

    def predicted(split: EvaluationBatches) -> Predictions:
        if split in kept:
            return kept[split]
        return predict(model, split, session.criterion, session.result_precision)

    val = predicted(session.val)
    test = None if session.test is None else predicted(session.test)
    evaluated = EvaluatedModel(
        val,
        test,
        measure_size(outcome.model, channels=session.dataset.channels, side=session.dataset.size),
        _to_store(session, val, test),
        _reference_predictions(session),
        store_shrunk_model(session, outcome.model),
    )
    result = describe_run(session, outcome, evaluated)
    content = session.save_model(outcome.model)
    _publish_predictions(session, evaluated.predictions, evaluated.reference)
    record = _publish_record(session, result)
    missing = evaluate_planned(
        session, outcome.model, record, evaluated.predictions, digest_of(content)
    )
    result = msgspec.structs.replace(
        result, files=digest_files(session.folder), warnings=[*result.warnings, *missing]
    )
    result = _compare_with_former(session, result)
    write_result(session.folder, result, session.log.fence)
    session.folder.former_result.unlink(missing_ok=True)
    return result


def _compare_with_former(session: Session, result: Result) -> Result:
    """Return the result, with a warning where a lost model was not reproduced.

    Compressions that finished before were made from the lost model.
    """
    try:
        former = read_former_result(session.folder)
    except UnreadableFile as problem:
        return msgspec.structs.replace(result, warnings=[*result.warnings, problem.message])
    if former is None or _is_same_model(session, former, result):
        return result
    warning = (
        "The reference was trained again and differs from the one before: compressions that "
        "finished earlier were made from another model."
    )
    return msgspec.structs.replace(result, warnings=[*result.warnings, warning])


def _is_same_model(session: Session, former: Result, result: Result) -> bool:
    """Return whether two results are of one model; by the metrics if no digest was recorded."""
    expected = former.digest_of(session.folder.model)
    if expected is not None:
        return expected == result.digest_of(session.folder.model)
    splits = ((former.val, result.val), (former.test, result.test))
    return all(before.metrics == after.metrics for before, after in splits)


def _publish_predictions(
    session: Session, predictions: RunPredictions, reference: RunPredictions | None
) -> None:
    session.publish(session.folder.predictions, pack_predictions(predictions))
    if reference is not None:
        session.publish(session.folder.changed, changes_csv(reference, predictions).encode())


def _publish_record(session: Session, result: Result) -> ModelRecord:
    """Write and return what the model needs to be used."""
    architecture = session.preset.model.architecture
    record = describe_model(session.folder, architecture, session.dataset, result)
    session.publish(session.folder.model_record, encode_json_record(record))
    return record


def _to_store(session: Session, val: Predictions, test: Predictions | None) -> RunPredictions:
    dataset = session.dataset
    return RunPredictions(
        dataset.classes,
        {
            split: stored_split(part, found)
            for split, part, found in (("val", dataset.val, val), ("test", dataset.test, test))
            if found is not None
        },
        dataset.positive_class,
        session.preset.evaluate.thresholds,
        session.none_class,
    )


def stored_split(part: SplitData, found: Predictions) -> SplitPredictions:
    """Return a split's predictions with the names and patients of its images."""
    return SplitPredictions(part.names, part.patients, found.labels, found.logits_NK, found.mask)


def _reference_predictions(session: Session) -> RunPredictions | None:
    """Return the reference's predictions; None for the reference itself, or if unreadable."""
    if session.cell is None:
        return None
    try:
        return predictions_of(session.folder.reference)
    except EnvironmentProblem as problem:
        session.warn(f"The run was not compared with the reference: {problem.message}")
        return None
