"""Every number of `result.json` is recomputed from the run's other files, without medtui."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.earlier_version import INTERRUPTED
from tests.helpers.recomputed.losses import inverse_weights
from tests.helpers.recomputed.printed import EARLIEST_RUNS
from tests.helpers.recomputed.result_numbers import (
    MEASURED,
    WITHOUT_WEIGHTS,
    Setting,
    differing,
    flatten,
    is_named,
    listed,
    numbers_of,
)
from tests.helpers.recomputed.run_files import RunFiles
from tests.helpers.recomputed.shrinking import shrinkage_of
from tests.helpers.recomputed.weights import size_of

RECORDED_RUNS = [
    *((f"cells/{run}", 2) for run in (
        "reference", "prune-0.1", "prune-0.1-s1", "filterprune50", "filterprune50-s1",
    )),
    *((f"films/{run}", 4) for run in ("reference", "prune-0.5", "prune-0.05")),
    *((f"first-version/{run}", 2) for run in ("reference", "prune-0.5")),
]  # fmt: skip
"""Recorded runs, and their number of classes."""

EARLIER_LACK = (
    r".*\.(brier_score|top_1)",
    r".*\.at_sensitivity\..*", r"class_weights\..*",
    r"size\.(num_weights_unreachable|density_reachable)",
    r"size\.layers\..*\.num_unreachable",
)  # fmt: skip
"""What results of earlier versions do not have."""

EARLIER_INTERVALS = ("accuracy", "balanced_accuracy", "auroc", "sensitivity", "specificity")
"""Metrics of which results of earlier versions have intervals."""

DRAWN_RUNS = [
    *(f"cells2/{run}" for run in ("reference", "control", "prune-0.9", "prunequantize16-0.9")),
    *(f"films3/{run}" for run in ("reference", "control", "prune-0.9", "filterprune-0.9")),
]


@pytest.mark.parametrize(("key", "num_classes"), RECORDED_RUNS, ids=str)
def test_recorded_results_are_recomputed(key, num_classes, study_folder):
    """Of earlier versions, with percentile intervals, equal weights of classes, and no weights."""
    study, _, name = key.partition("/")
    run = RunFiles(study_folder(study) / name)
    setting = Setting(
        np.ones(num_classes), wanted=EARLIER_INTERVALS, is_each_drawn=key in EARLIEST_RUNS
    )
    assert not unexplained(run, setting, (*MEASURED, *WITHOUT_WEIGHTS), absent=EARLIER_LACK)


def test_a_result_with_its_weights_is_recomputed():
    """The reference of an interrupted study of 0.1.0."""
    if not INTERRUPTED.is_dir():
        pytest.skip(f"no study of an earlier version at {INTERRUPTED}")
    run = RunFiles(INTERRUPTED / "reference")
    assert not unexplained(
        run, Setting(np.ones(2), wanted=EARLIER_INTERVALS, side=32), MEASURED, absent=EARLIER_LACK
    )


@pytest.mark.parametrize("key", DRAWN_RUNS)
def test_results_of_this_version_are_recomputed(key, drawn):
    """With jackknife intervals, weights of classes, unknown labels and the sizes of models."""
    run = RunFiles(drawn / "runs" / key)
    assert not unexplained(run, Setting(class_weights(drawn, key), side=32), MEASURED)


@pytest.mark.parametrize("name", ["reference", "filterprune-0.5", "prune-0.5", "quantize16"])
def test_sizes_of_shrunk_and_half_precision_models_are_recomputed(name, exportable):
    """Of ResNet-18s at 24 pixels, where most taps of the last convolutions only meet padding."""
    run = RunFiles(exportable.run(name).path)
    found = {"size": size_of(run.tensors, "resnet18", 24)}
    if name.startswith("filter"):
        found["shrinkage"] = shrinkage_of(run.tensors, 24)
    stored = {key: run.result[key] for key in found}
    of_file = ("shrinkage.bytes_on_disk", "shrinkage.difference")
    expected = {
        place: value for place, value in flatten(stored) if place not in of_file
    }  # fmt: skip
    assert not differing(expected, dict(flatten(listed(found))))


def test_a_changed_number_is_found(drawn):
    """The recomputation would notice a wrong number, a missing one and a new one."""
    run = RunFiles(drawn / "runs" / "cells2" / "prune-0.9")
    stored, setting = dict(flatten(run.result)), Setting(class_weights(drawn, "cells2"), side=32)
    recomputed = numbers_of(run, setting)
    known = {place: each for place, each in stored.items() if place in recomputed}
    for place, value in known.items():
        other = 1.0 if value is None else value + (1 if isinstance(value, int) else 1e-3)
        changed = known | {place: other}
        assert differing(changed, recomputed), place
    assert differing(known | {"test.metrics.new": 0.5}, recomputed) == [
        "test.metrics.new: not recomputed"
    ]


def class_weights(drawn: Path, key: str) -> np.ndarray:
    """Return the weights of a drawn study's classes, from its table."""
    is_cells = key.startswith("cells2")
    table = pd.read_csv(drawn / ("cells" if is_cells else "films") / "labels.csv")
    train = table[table["split"] == "train"]
    if is_cells:
        return inverse_weights(train["label"].value_counts()[["sick", "well"]].to_numpy())
    return inverse_weights((train[["mass", "edema", "clear"]] == 1).sum().to_numpy())


def unexplained(
    run: RunFiles, setting: Setting, left_out: tuple[str, ...], absent: tuple[str, ...] = ()
) -> list[str]:
    """Return the numbers of a result that differ from the recomputed ones, or have none.

    `left_out` names those that are not recomputed, `absent` recomputed ones that a version lacks.
    """
    stored = {place: value for place, value in flatten(run.result) if not is_named(place, left_out)}
    recomputed = {
        place: value for place, value in numbers_of(run, setting).items()
        if not is_named(place, absent)
    }  # fmt: skip
    return differing(stored, recomputed)
