"""One run from start to end: data, reference or compression, fine-tuning, evaluation, result."""

import time
from collections.abc import Callable
from dataclasses import replace

import msgspec
import torch
from torch import nn

from medtui.datasets.dataset import Dataset, open_dataset, save_split
from medtui.datasets.digest import NEWEST_RULE
from medtui.datasets.findings import by_rank, require_accepted
from medtui.datasets.progress import Progress
from medtui.engine.lc.compression import compress
from medtui.engine.lc.recalibration import recalibrate_theta
from medtui.engine.precision import EXACT, Precision, study_precision
from medtui.engine.run.background_checkpoints import BackgroundCheckpoints
from medtui.engine.run.checkpoint import Checkpoint, CheckpointStore
from medtui.engine.run.device import choose_device, choose_kernels, configure_torch, device_name
from medtui.engine.run.finalize import finalize
from medtui.engine.run.finetuning import choose_finetuned, finetune
from medtui.engine.run.given_reference import given_predictions
from medtui.engine.run.positive_record import changed_positive, with_recorded_positive
from medtui.engine.run.provenance import differences, fingerprint, provenance, with_precision
from medtui.engine.run.result_content import TrainedModel
from medtui.engine.run.run_precision import known_precision, measure_precisions
from medtui.engine.run.scratch import train_from_scratch
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training.given_weights import load_weights
from medtui.engine.training.network import (
    build_network,
    load_stored,
    require_finite,
)
from medtui.engine.training.pretrained import initialise
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.errors import EnvironmentProblem
from medtui.events import DataLoaded, Noted, RunFinished, RunStarted, StageStarted, StepsAdvanced
from medtui.preset import Cell, Preset, cell_named, tunes_last
from medtui.runs.checkpoint_files import noted_model
from medtui.runs.data_digest import RecordedDigest, recorded_digest
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import write_json_record
from medtui.runs.log.writer import EventWriter
from medtui.runs.result import Result, read_result
from medtui.user_folders import expand_home


def execute(
    folder: RunFolder, preset: Preset, log: EventWriter, stop: StopFlag, started: RunStarted
) -> Result:
    """Run to the result, from the newest checkpoint if there is one.

    Raises:
        StopRequested: a stop was requested; a checkpoint is written.
        MedtuiError: the run failed.
    """
    session = _open_session(folder, preset, log, stop, started)
    if session.cell is None:
        outcome_of: Callable[[Session], tuple[nn.Module, int, int]] = _train_reference
    elif session.cell.is_scratch:
        outcome_of = train_from_scratch
    else:
        outcome_of = _compress_reference
    model, best_cycle, num_cycles = outcome_of(session)
    log.write(StageStarted("evaluate"))
    seconds = log.history.seconds
    choose_kernels(session.device, measured=False)  # what is stored can be computed again
    result = finalize(session, TrainedModel(model, best_cycle, num_cycles, seconds))
    for warning in result.warnings[len(session.warnings) :]:
        log.write(Noted(warning, "warning"))
    session.checkpoints.clear()
    log.write(RunFinished(seconds))
    return result


def _open_session(
    folder: RunFolder, preset: Preset, log: EventWriter, stop: StopFlag, started: RunStarted
) -> Session:
    device = choose_device(started.device)
    configure_torch(device, started.threads)
    store = BackgroundCheckpoints if device.type == "cuda" else CheckpointStore
    checkpoints = store(folder.checkpoint, fence=log.fence, generation=log.generation)
    restored = checkpoints.load_newest()
    precision = known_precision(preset, device, folder, restored)
    choose_kernels(device, measured=precision not in {None, EXACT})
    changed = _changed_since(restored, fingerprint(device, precision), device) if restored else []
    log.write(
        msgspec.structs.replace(
            started,
            device=str(device),
            device_name=device_name(device),
            resumed_at=restored.state.cycle if restored else None,
            is_bit_exact=not changed,
        )
    )
    is_repeated = restored is not None or folder.former_result.is_file()
    before = log.history.data if is_repeated else None
    is_first_of_study = folder == folder.study.reference and log.history.data is None
    recorded = _recorded(before) if before else _digest_of_reference(folder)
    rule = recorded.data_digest_rule if recorded else NEWEST_RULE
    dataset = _load_data(folder, preset, log, stop, rule, is_first_of_study=is_first_of_study)
    if recorded and recorded.data_digest != dataset.digest:
        who = "The run" if before else "The reference"
        raise EnvironmentProblem(
            f"{who} of {folder.name} was started with different images, labels or splits.",
            hint="Restore the data set, or start the preset as a new study.",
        )
    save_split(dataset, folder.split, log.fence)
    cell = None if folder.is_reference else _cell_of(folder, preset)
    if precision is None:
        precision = _measured_precision(preset, dataset, device, log)
    session = Session(
        folder, preset, cell, device, dataset, log, stop, checkpoints, restored, precision
    )
    record = provenance(preset, session.seed, dataset, fingerprint(device, precision))
    write_json_record(folder.provenance, record, log.fence)
    session.warnings += restored.state.warnings if restored else []
    for sentence in (*checkpoints.damaged, *filter(None, [changed_positive(dataset)])):
        session.warn(sentence)
    if changed:
        session.warn(f"Resumed, but not bit for bit: {', '.join(changed)}.")
    return session


def _measured_precision(
    preset: Preset, dataset: Dataset, device: torch.device, log: EventWriter
) -> Precision:
    """Return the faster precision of a study in fast mode, and write what was measured."""
    measured = measure_precisions(preset, dataset, _network_of(preset, dataset), device)
    log.write(Noted(measured.sentence))
    return study_precision(device, measured.faster)


def _recorded(loaded: DataLoaded) -> RecordedDigest:
    return RecordedDigest(loaded.digest, loaded.digest_rule)


def _changed_since(
    checkpoint: Checkpoint, current: dict[str, str], device: torch.device
) -> list[str]:
    """Return the differences between a checkpoint's fingerprint and the current one."""
    then = checkpoint.state.fingerprint
    return differences(with_precision(then, device) if "precision" in current else then, current)


def _digest_of_reference(folder: RunFolder) -> RecordedDigest | None:
    """Return the digest of the study's data; None for its first run, or if not recorded."""
    first = folder.study.reference
    return None if folder == first else recorded_digest(first)


def _load_data(
    folder: RunFolder,
    preset: Preset,
    log: EventWriter,
    stop: StopFlag,
    digest_rule: int,
    *,
    is_first_of_study: bool,
) -> Dataset:
    """Return the data set.

    Its errors stop the first process of a study alone: a study that has begun is finished with
    the data that it began with.
    """
    log.write(StageStarted("data"))
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        if stop.reason:
            raise StopRequested(stop.reason)
        now = time.monotonic()
        if now - last >= 1:
            last = now
            log.write(StepsAdvanced(0, progress.done, progress.total))

    dataset = open_dataset(preset.data, progress=report, digest_rule=digest_rule)
    dataset = with_recorded_positive(dataset, folder, log.history.data)
    if is_first_of_study:
        require_accepted(dataset.findings, preset.data.accept)
    for finding in by_rank(dataset.findings):
        log.write(Noted(finding.sentence, "info" if finding.rank == "note" else "warning"))
    log.write(
        DataLoaded(
            num_train=len(dataset.train.names),
            num_val=len(dataset.val.names),
            num_test=len(dataset.test.names),
            classes=list(dataset.classes),
            digest=dataset.digest,
            has_patients=dataset.has_patients,
            positive_class=dataset.positive_class,
            digest_rule=digest_rule,
        )
    )
    return dataset


def _cell_of(folder: RunFolder, preset: Preset) -> Cell:
    cell = cell_named(preset, folder.name)
    assert cell is not None, "a run's folder is named after its cell"
    return cell


def _fresh_network(session: Session) -> nn.Module:
    return _network_of(session.preset, session.dataset).to(session.device)


def _network_of(preset: Preset, dataset: Dataset) -> nn.Module:
    return build_network(
        preset.model.architecture,
        channels=dataset.channels,
        num_classes=len(dataset.classes),
        seed=preset.reference.seed,
    )


def _train_reference(session: Session) -> tuple[nn.Module, int, int]:
    """Return the dense model, its epoch and the number of epochs."""
    model = _fresh_network(session)
    if session.preset.model.weights:
        load_weights(model, expand_home(session.preset.model.weights))
        session.kept = given_predictions(session, model)
        return model, 0, 0
    if session.preset.model.init and session.restored is None:
        found = initialise(model, expand_home(session.preset.model.init))
        what = f"{found.path} (sha256 {found.sha256})"
        session.log.write(Noted(f"started from {what}: {found.sentence}", "info"))
    frozen = session.preset.reference.freeze_epochs
    plan = replace(TrainingPlan.of_reference(session.preset), freeze_epochs=frozen)
    best, epoch = train(session, model, plan)
    return best, epoch, plan.epochs


def _compress_reference(session: Session) -> tuple[nn.Module, int, int]:
    """Return the compressed model, its cycle and the number of cycles."""
    cycles = session.preset.lc.cycles
    if tunes_last(session.preset):
        theta, cycle = choose_finetuned(
            session,
            reference=lambda: _stored_model(session, session.folder.reference),
            blank=lambda: _fresh_network(session),
        )
        return theta, cycle, cycles
    if session.restored is not None and session.restored.state.stage == "finetune":
        theta = _stored_model(session, session.folder)
        best = session.log.history.best_of("compress")
        best_cycle = best.cycle if best else 0
    else:
        w = _stored_model(session, session.folder.reference)
        theta, best_cycle = compress(session, w)
    if session.preset.compress.guard == "on":
        theta = finetune(session, theta)
        recalibrate_theta(theta, session, session.preset.guard.recalibrate_images)
    return theta, best_cycle, cycles


def _stored_model(session: Session, folder: RunFolder) -> nn.Module:
    """Return the network with a run's weights.

    Raises:
        UnreadableFile: the weights are missing, damaged, or not those that were recorded.
    """
    model, path = _fresh_network(session), folder.model
    if folder.is_reference:
        hint = "Delete the file and resume the study: it trains a missing reference again."
        result = read_result(folder)
        digest = result.digest_of(path) if result else None
    else:
        hint = f"Delete {folder.checkpoint} and resume the study: the run starts again."
        digest = noted_model(folder.checkpoint, path.name)
    load_stored(model, path, digest, hint=hint)
    require_finite(model, path, hint=hint)
    return model
