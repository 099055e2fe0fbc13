"""A finished study of several seeds with drawn predictions: references, controls, compressions."""

from pathlib import Path

import msgspec
import numpy as np

from medtui.analysis.split_result import measure_split
from medtui.jobs.planning import plan_runs
from medtui.preset import Preset, cell_named, dump_preset, parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
    read_predictions,
)
from medtui.runs.result import write_result
from medtui.runs.runs_dir import create_study
from tests.helpers.small_study import result_of

PRESET = """
schema = 2
name = "{name}"
[data]
card = "demo"
[reference]
seeds = {seeds}
[compress]
schemes = ["Prune"]
densities = [0.5, 0.1]
[lc]
cycles = {cycles}
"""

CLASSES = ("sick", "healthy")
NUM_PATIENTS, IMAGES_PER_PATIENT = 24, 8

LOSSES = {0.5: 0.0, 0.1: 1.2}
"""Density to how much less of the classes' distance a compression keeps, of 2."""


def record_seeds(
    runs_dir: Path, seeds: list[int], *, name: str = "seeded", cycles: int = 3
) -> StudyFolder:
    """Write a finished study; those of equal seeds differ in nothing but their settings."""
    study = create_study(runs_dir, name)
    preset = parse_preset(PRESET.format(name=name, seeds=seeds, cycles=cycles), "test")
    study.preset.write_text(dump_preset(preset))
    for run in plan_runs(study, preset):
        _record(run, preset)
    return study


def _record(run: RunFolder, preset: Preset) -> None:
    cell = cell_named(preset, run.name)
    density = cell.density if cell else None
    seed = cell.seed if cell else parse_preset(run.preset.read_text(), "test").reference.seed
    kind = 0 if run.is_reference else 1 if run.is_control else 2
    rng = np.random.default_rng([seed, kind, int(100 * (density or 1))])
    signal = 2.0 + np.random.default_rng([seed]).normal(0, 0.2) - LOSSES.get(density or 1, 0.0)
    predictions = RunPredictions(
        CLASSES, {split: _split(split, signal, rng) for split in ("val", "test")}, CLASSES[0]
    )
    run.predictions.write_bytes(pack_predictions(predictions))
    reference = None if run.is_reference else read_predictions(run.reference.predictions)
    val, test = (
        measure_split(predictions, split, reference, loss=0.3, resamples=20, seed=0)
        for split in ("val", "test")
    )
    result = msgspec.structs.replace(
        result_of(run, density or 1.0), val=val, test=test, seed=seed, density=density,
        scheme="reference" if run.is_reference else "control" if run.is_control else "Prune",
        interval_method="jackknife", positive_class=CLASSES[0],
    )  # fmt: skip
    write_result(run, result)


def _split(split: str, signal: float, rng: np.random.Generator) -> SplitPredictions:
    """Draw answers: what is hard about a patient or an image is so for every network."""
    shared = np.random.default_rng([len(split)])
    patient_N = np.repeat(np.arange(NUM_PATIENTS), IMAGES_PER_PATIENT)
    labels_N = shared.integers(0, 2, len(patient_N))
    hard_N = shared.normal(0, 0.5, NUM_PATIENTS)[patient_N] + shared.normal(0, 0.9, len(patient_N))
    logit_N = (2 * labels_N - 1) * signal / 2 + hard_N + rng.normal(0, 0.3, len(patient_N))
    names = [f"{split}/{number:04d}" for number in range(len(patient_N))]
    logits_NK = np.stack([np.zeros_like(logit_N), logit_N], axis=1).astype(np.float32)
    return SplitPredictions(names, [f"P{number}" for number in patient_N], labels_N, logits_NK)
