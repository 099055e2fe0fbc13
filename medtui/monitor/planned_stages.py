"""The stages of a run that train, with their updates: what its progress is measured by."""

import math

from medtui.monitor.progress import PlannedStage
from medtui.preset import Preset, tunes_last
from medtui.runs.folder import RunFolder
from medtui.runs.log.history import History


def planned_stages(
    folder: RunFolder, history: History, preset: Preset | None
) -> dict[str, PlannedStage]:
    """Return a run's stages that train, in order; empty before the data set was loaded."""
    if preset is None or history.data is None:
        return {}
    num_train = history.data.num_train
    if folder.is_reference:
        epochs = preset.reference.epochs
        batches = math.ceil(num_train / preset.reference.batch_size)
        return {"reference": PlannedStage(epochs, epochs * batches)}
    lc, guard = preset.lc, preset.guard
    # The run of a search has fewer cycles than its preset; the event of its stage has its own.
    cycles = next((each.cycles for each in history.stages if each.stage == "compress"), lc.cycles)
    # Cycle 0 has no L step.
    updates = (lc.first_steps or lc.steps) + max(0, cycles - 2) * lc.steps
    planned = {"compress": PlannedStage(cycles, updates)}
    if preset.compress.guard == "on" and guard.finetune_epochs:
        batches = math.ceil(num_train / lc.batch_size)
        tuning = PlannedStage(guard.finetune_epochs, guard.finetune_epochs * batches)
        planned["finetune"] = tuning
        if tunes_last(preset):
            planned["finetune-last"] = tuning
    return planned
