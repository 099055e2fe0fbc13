"""Every number of `result.json`, recomputed, by its place in the file: `test.metrics.auroc`."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.helpers.recomputed.answers import answers_of, pair, threshold, thresholds_of
from tests.helpers.recomputed.class_calibration import calibration_of
from tests.helpers.recomputed.comparison import flips_of
from tests.helpers.recomputed.intervals import (
    PER_CLASS,
    WITH_INTERVAL,
    effective_number,
    intervals_of,
)
from tests.helpers.recomputed.losses import loss_of
from tests.helpers.recomputed.metrics import classes_of, metrics_of
from tests.helpers.recomputed.run_files import SPLITS, RunFiles
from tests.helpers.recomputed.weights import size_of

MEASURED = (
    r"upkeep\..*",  # seconds of log and checkpoints
    r"peak_memory_bytes",
    r"vitals\..*",  # of the machine, see telemetry.jsonl
)
"""Numbers that are measured once and are in no other file."""

WITHOUT_WEIGHTS = (r"size\..*", r"shrinkage\..*", r"image_shape\..*")
"""Numbers of the stored weights, which recorded runs in the repository do not have."""

LOSS_TOLERANCE = 1e-6
"""The engine adds the loss in float32."""

Numbers = dict[str, float | None]


@dataclass(frozen=True)
class Setting:
    """What the files of a run do not state."""

    class_weights: np.ndarray
    """Of the loss, from the labels of train."""
    wanted: tuple[str, ...] = WITH_INTERVAL
    """Metrics of which the version gives intervals."""
    is_each_drawn: bool = False
    """Whether its percentile intervals are of an early version, see `intervals_of`."""
    side: int = 0
    """Of the images; 0 where weights are not compared."""


def numbers_of(run: RunFiles, setting: Setting) -> Numbers:
    """Return every recomputed number of a run's result."""
    found: Numbers = {}
    for split in SPLITS:
        found |= {f"{split}.{key}": each for key, each in _split(run, split, setting)}
    found |= {f"thresholds.{at}": each for at, each in enumerate(thresholds_of(run))}
    found |= dict(_course(run))
    named = zip(run.arrays["classes"].tolist(), setting.class_weights.tolist(), strict=True)
    found |= {f"class_weights.{name}": weight for name, weight in named}
    found |= {f"files.{name}.num_bytes": each for name, each in _files(run)}
    if setting.side:
        found |= dict(flatten(listed({"size": size_of(run.tensors, *_network(run, setting))})))
        shape = next(each for each in run.tensors.values() if each.ndim == 4).shape
        found |= {
            f"image_shape.{at}": each for at, each in enumerate((shape[1], *[setting.side] * 2))
        }
    return found


def flatten(value: Any, at: str = "") -> Iterator[tuple[str, float | None]]:
    """Yield the place and value of every number, truth value and null in JSON values."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flatten(inner, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list | tuple):
        named = [each.get("name") if isinstance(each, Mapping) else None for each in value]
        for position, inner in enumerate(value):
            yield from flatten(inner, f"{at}.{named[position] or position}")
    elif value is None or isinstance(value, int | float):
        yield at, value


def is_named(place: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a place matches one of the patterns."""
    return any(re.fullmatch(pattern, place) for pattern in patterns)


def differing(stored: Numbers, recomputed: Numbers) -> list[str]:
    """Return what differs, or stands on one side alone."""
    found = []
    for place in sorted(stored.keys() | recomputed.keys()):
        if place not in stored or place not in recomputed:
            found.append(f"{place}: {'not recomputed' if place in stored else 'missing'}")
        elif not _are_equal(stored[place], recomputed[place], place):
            found.append(f"{place}: {stored[place]}, recomputed {recomputed[place]}")
    return found


def _are_equal(stored: float | None, recomputed: float | None, place: str) -> bool:
    if stored is None or recomputed is None:
        return stored is recomputed
    if isinstance(stored, int) and isinstance(recomputed, int):
        return stored == recomputed
    tolerance = LOSS_TOLERANCE if place.endswith("loss") else 1e-9
    return math.isclose(stored, recomputed, rel_tol=tolerance, abs_tol=tolerance)


def _split(run: RunFiles, split: str, setting: Setting) -> Iterator[tuple[str, float | None]]:
    answers = answers_of(run, split)
    yield "metrics.loss", loss_of(run, split, setting.class_weights)
    yield from flatten({"metrics": metrics_of(answers), "per_class": classes_of(answers)})
    method = run.result.get("interval_method", "percentile")
    drawn = {
        "method": method, "resamples": run.preset["evaluate"]["bootstrap"],
        "seed": run.preset["data"]["seed"], "is_each_drawn": setting.is_each_drawn,
    }  # fmt: skip
    yield from flatten({"intervals": intervals_of(answers, **drawn, wanted=setting.wanted)})
    if method == "jackknife":
        several = answers.is_multi or len(answers.classes) > 2
        of_classes = {
            name: intervals_of(
                answers.one_class(index), **drawn, wanted=PER_CLASS, is_one_of_several=several
            )
            for index, name in enumerate(answers.classes)
        }
        yield from flatten({"class_intervals": of_classes})
    has_patients = run.result["has_patients"]
    yield "num_images", len(answers.names)
    yield "num_patients", len(set(answers.patients.tolist())) if has_patients else 0
    if "num_effective" in run.result[split]:
        yield "num_effective", effective_number(answers.patients)
    if answers.is_multi or len(answers.classes) == 2:
        yield from flatten({"at_sensitivity": operating_points(run, split)})
    if "calibration" in run.result[split]:
        yield from flatten({"calibration": calibration_of(answers)})
    if run.reference is None:
        yield "flips", None
        return
    before, after = pair(run.reference, run, split)
    yield from flatten({"reference": metrics_of(before), "flips": flips_of(before, after)})


def operating_points(run: RunFiles, split: str, wanted: float = 0.9) -> dict[str, dict[str, Any]]:
    """Return sensitivity and specificity of each judged class at a threshold chosen on val."""
    val, answers = answers_of(run, "val"), answers_of(run, split)
    found = {}
    for index in val.judged:
        truth, scores = val.labels[:, index], val.probabilities[:, index]
        known = ~np.isnan(truth)
        if len(set(truth[known].tolist())) < 2:
            continue
        limit = threshold(truth[known], scores[known], f"sensitivity={wanted}")
        truth, is_answered = answers.labels[:, index], answers.probabilities[:, index] >= limit
        rates = [
            float(each.mean()) if each.size else None
            for each in (is_answered[truth == 1], ~is_answered[truth == 0])
        ]
        found[val.classes[index]] = {
            "on_val": wanted, "threshold": limit, "sensitivity": rates[0], "specificity": rates[1],
        }  # fmt: skip
    return found


def _files(run: RunFiles) -> Iterator[tuple[str, int]]:
    """Yield the sizes of the files that the result states digests of; the log goes on after it."""
    for name, stated in run.result.get("files", {}).items():
        content = (run.path / name).read_bytes()
        if name == "events.jsonl":
            content = content[: stated["num_bytes"]]
        assert hashlib.sha256(content).hexdigest() == stated["sha256"], name
        yield name, len(content)


def _course(run: RunFiles) -> Iterator[tuple[str, float | None]]:
    """Yield what follows from the name, the preset and the log of a run."""
    result, preset = run.result, run.preset
    stage = "reference" if run.name == "reference" else "compress"
    cycles = run.cycles(stage)
    yield (
        "seed",
        int(re.search(r"-s(\d+)$", run.name)[1])
        if re.search(r"-s\d+$", run.name)
        else (reference_seed(preset) if run.name == "reference" else 0),
    )
    density = re.search(r"-(0\.\d+|\de-\d+)", run.name)
    yield "density", float(density[1]) if density else None
    yield (
        "num_cycles",
        preset["reference"]["epochs"] if stage == "reference" else preset["lc"]["cycles"],
    )
    is_last_kept = stage == "reference" and preset["reference"].get("keep") == "last"
    yield "best_cycle", cycles[-1]["cycle"] if is_last_kept else _best(run, cycles)
    yield (
        "seconds",
        math.fsum(each["seconds"] for each in run.events if each["kind"] == "CycleEnded"),
    )
    yield "are_logits_constant", _is_constant(run)
    yield "has_patients", bool((run.arrays["test_patients"] != run.arrays["test_names"]).any())
    if "generation" in result:
        yield "generation", sum(each["kind"] == "RunStarted" for each in run.events)
    if "is_last_kept" in result:
        yield "is_last_kept", is_last_kept
    if "is_direct" in result:
        yield "is_direct", result["scheme"].endswith("Direct")
    if "finetune_epochs" in result:
        epochs = len(run.cycles("finetune"))
        yield "finetune_epochs", None if run.name.startswith("reference") else epochs
    for name in ("positive_class", "shrinkage", "none_class", "narrowing"):
        if name in result and result[name] is None:
            yield name, None


def reference_seed(preset: dict[str, Any]) -> int:
    """Return the seed of the study's first reference."""
    section = preset["reference"]
    return section["seed"] if "seed" in section else section["seeds"][0]


def _best(run: RunFiles, cycles: list[dict[str, Any]]) -> int:
    """Return the cycle of the lowest loss on val, or the one that was chosen after fine-tuning."""
    notes = [each["text"] for each in run.events if each["kind"] == "Noted"]
    chosen = [re.match(r"kept cycle (\d+), ", text) for text in notes]
    lowest = min(cycles, key=lambda each: each["val"]["loss"])["cycle"]
    found = next((int(each[1]) for each in chosen if each), lowest)
    assert found in {lowest, cycles[-1]["cycle"]}
    return found


def _is_constant(run: RunFiles) -> bool:
    logits = run.arrays["val_logits"]
    spread, magnitude = np.ptp(logits, axis=0), np.abs(logits).max(axis=0)
    return bool((spread <= 1e-5 * np.maximum(1, magnitude)).all())


def _network(run: RunFiles, setting: Setting) -> tuple[str, int]:
    return run.preset["model"]["architecture"], setting.side


def listed(sizes: dict[str, Any]) -> dict[str, Any]:
    """Return sizes with their layers as a list, as in `result.json`."""
    return {
        key: list(each.values()) if key == "layers"
        else listed(each) if isinstance(each, dict) else each
        for key, each in sizes.items()
    }  # fmt: skip
