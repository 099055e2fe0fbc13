"""What `runs list`, `runs show` and `runs compare` print, recomputed: rows of texts."""

from typing import Any

import numpy as np

from tests.helpers.recomputed.answers import answers_of, pair, thresholds_of
from tests.helpers.recomputed.class_calibration import calibration_of
from tests.helpers.recomputed.comparison import (
    flips_of_runs,
    margin_of,
    overall_verdict,
    primary_of,
)
from tests.helpers.recomputed.intervals import (
    PER_CLASS,
    Interval,
    effective_number,
    intervals_of,
    paired,
)
from tests.helpers.recomputed.metrics import metric
from tests.helpers.recomputed.run_files import SPLITS, RunFiles
from tests.helpers.recomputed.sheets import positive_of, verdict_text, with_ends
from tests.helpers.recomputed.texts import (
    LABELS,
    NO_SHARES,
    Rows,
    change,
    count,
    density,
    duration,
    label,
    number,
    percent,
    shown,
    size,
    with_interval,
)
from tests.helpers.recomputed.weights import size_of

DIGITS_OF_CURVES = 3

EARLIEST_RUNS = ("cells/reference", "cells/prune-0.1", "cells/prune-0.1-s1")
"""Those whose bootstrap samples were drawn one patient at a time."""


def density_of(run: RunFiles) -> float | None:
    """Return the requested density, of the grid or of a scheme of the preset's own."""
    custom = run.preset["compress"].get("custom", [])
    fixed = [
        each["density"] for scheme in custom if scheme["name"] == run.result["scheme"]
        for each in scheme["operators"] if "density" in each
    ]  # fmt: skip
    return fixed[0] if fixed else run.result["density"]


def sizes(run: RunFiles) -> dict[str, Any]:
    """Return sizes from the weights, or as recorded where a run is without."""
    if not (run.path / "model.safetensors").is_file():
        return run.result["size"]
    return size_of(run.tensors, run.preset["model"]["architecture"], run.result["image_shape"][1])


def actual_density(run: RunFiles) -> float:
    """Return the share of the compressible weights that are not zero."""
    found = sizes(run)
    return found["num_compressible_nonzero"] / found["num_compressible"]


def listed(run: RunFiles) -> list[str]:
    """Return a run's row of `runs list`."""
    name = primary_of(run)
    values = [shown(name, metric(answers_of(run, split), name)) for split in SPLITS]
    return [
        run.key, "finished", density(density_of(run)), number(actual_density(run), 4),
        LABELS[name], *values, str(run.result["best_cycle"]), duration(run.result["seconds"]),
    ]  # fmt: skip


def of_study(run: RunFiles) -> list[str]:
    """Return a run's row of `runs show STUDY`; its change is plain: that of rounded-off values."""
    name, found = primary_of(run), sizes(run)
    own = metric(answers_of(run, "test"), name)
    others = [
        each and metric(answers_of(each, "test"), name) for each in (run.control, run.reference)
    ]
    has_control = any("control" in path.name for path in run.study.iterdir())
    changes = [
        "—" if other is None else change(name, own - other) for other in others if has_control
    ]
    return [
        run.name, "finished", *(with_own_interval(run, name, split) for split in SPLITS), *changes,
        density(density_of(run)), number(actual_density(run), 4), count(found["num_parameters"]),
        count(found["num_nonzero"]), size(found["bytes_dense"]), size(found["bytes_packed"]),
        str(run.result["best_cycle"]),
    ]  # fmt: skip


def shown_names(run: RunFiles) -> list[str]:
    """Return the metrics of a comparison, the primary one first."""
    beside = ["exact_match", "accuracy"] if primary_of(run) == "auroc" else ["auroc"]
    return [primary_of(run), *beside, "sensitivity", "specificity"]


def compared_rows(runs: list[RunFiles], *, is_file: bool = False) -> Rows:
    """Return the table of `runs compare`; files name the positive class in a column of its own."""
    positive, names = positive_of(runs[0]), shown_names(runs[0])
    is_recorded = all("positive_class" in run.arrays for run in runs)
    about = positive if is_recorded or not positive else f"{positive} (second class)"
    is_doubled = any(run.control for run in runs)
    header = ["run", "scheme", "density", "actual density"]
    for name in names:
        header += [
            f"test {label(name, None if is_file else about)}",
            f"change of {LABELS[name]}",
        ]
        if name == names[0]:
            beside = (
                f"change of {LABELS[name]} from the reference" if is_file else "from the reference"
            )
            header += [*([beside] if is_doubled else []), "verdict"]
    header += ["nonzero", "sparse size", "cycle kept", "time"]
    rows = [header + (["positive_class"] if is_file and positive else [])]
    for run in runs:
        found = sizes(run)
        cells = [run.key, run.result["scheme"], density(density_of(run)),
                 number(actual_density(run))]  # fmt: skip
        cells += metric_cells(run, names, is_doubled=is_doubled, is_judged=True)
        cells += [
            count(found["num_nonzero"]), size(found["bytes_packed"]),
            str(run.result["best_cycle"]), duration(run.result["seconds"]),
        ]  # fmt: skip
        rows.append(cells + ([positive] if is_file and positive else []))
    return rows


def metric_cells(
    run: RunFiles, names: list[str], *, is_doubled: bool, is_judged: bool
) -> list[str]:
    """Return each metric of a run with its change from the control, and from the reference."""
    main = run.control if is_doubled else run.baseline
    cells = []
    for name in names:
        cells.append(shown(name, metric(answers_of(run, "test"), name)))
        cells.append(change(name, change_of(main, run, name)) if main else "")
        if name == names[0]:
            reference = run.reference
            if is_doubled:
                beside = change_of(reference, run, name) if reference else None
                cells.append(change(name, beside))
            if is_judged:
                verdict = overall_verdict(main, run) if main else ("", "")
                cells.append(verdict_text(verdict).removeprefix("✗ "))
    return cells


def change_of(baseline: RunFiles, run: RunFiles, name: str) -> Interval | None:
    """Return the paired change of one metric on test."""
    return paired(*pair(baseline, run, "test"), name)


def with_own_interval(run: RunFiles, name: str, split: str) -> str:
    """Return a metric with its interval, both recomputed; some of each version's have none."""
    answers = answers_of(run, split)
    stored = run.result[split]["intervals"]
    ends = intervals_of(answers, **drawn(run), wanted=(name,)).get(name) if name in stored else None
    return with_interval(name, metric(answers, name), ends)


def drawn(run: RunFiles) -> dict[str, Any]:
    """Return how the intervals of a run are computed."""
    return {
        "method": run.result.get("interval_method", "percentile"),
        "resamples": run.preset["evaluate"]["bootstrap"], "seed": run.preset["data"]["seed"],
        "is_each_drawn": run.key in EARLIEST_RUNS,
    }  # fmt: skip


def metrics_of_run(run: RunFiles) -> Rows:
    """Return the first table of `runs show RUN`."""
    positive = positive_of(run)
    others = [each for each in (run.control, run.reference) if each is not None]
    names = [name for name in LABELS if name in run.result["test"]["metrics"]]
    rows = [[
        "metric", "val, used for selection [95 %]", "test [95 % interval]",
        *(f"{each.name.partition('-')[0]}, test" for each in others),
    ]]  # fmt: skip
    for name in names:
        beside = [shown(name, metric(answers_of(each, "test"), name)) for each in others]
        cells = [with_own_interval(run, name, split) for split in SPLITS]
        rows.append([label(name, positive), *cells, *beside])
    blank = [""] * len(others)
    rows.append(
        ["loss", *(number(run.result[split]["metrics"]["loss"]) for split in SPLITS), *blank]
    )
    parts = [answers_of(run, split) for split in SPLITS]
    counts = [f"{len(each.names)}, {len(set(each.patients.tolist()))}" for each in parts]
    rows.append(["images, patients", *counts, *blank])
    if run.reference:
        flips = [flips_of_runs(run.reference, run, split) for split in SPLITS]
        texts = [
            f"{percent(each['rate'])}: {each['num_lost']} lost, {each['num_gained']} gained"
            for each in flips
        ]
        rows.append(["differ from reference", *texts, *blank])
    return rows


def classes_of_run(run: RunFiles) -> Rows:
    """Return the table of classes of `runs show RUN`."""
    test = answers_of(run, "test")
    judged = "auroc" if test.is_multi else "sensitivity"
    is_jackknife = drawn(run)["method"] == "jackknife"
    names = [
        name for name in LABELS if name in next(iter(run.result["test"]["per_class"].values()))
    ]
    labels = [
        f"{LABELS[name]} [95 %]" if name == judged and is_jackknife else LABELS[name]
        for name in names
    ]
    limits, weights = thresholds_of(run), run.result.get("class_weights", {})
    rows = [["class, on test", "prevalence", *labels, *(["threshold"] if limits else []),
             *(["loss weight"] if weights else [])]]  # fmt: skip
    for index, each in enumerate(test.classes):
        alone = test.one_class(index)
        several = test.is_multi or len(test.classes) > 2
        ends = (
            intervals_of(alone, **drawn(run), wanted=PER_CLASS, is_one_of_several=several)
            if is_jackknife else {}
        )  # fmt: skip
        cells = [
            with_interval(name, metric(alone, name), ends.get(name) if name == judged else None)
            for name in names
        ]
        prevalence = percent(float(np.nanmean(test.labels[:, index])))
        cells += [f"{limits[index]:.3f}"] if limits else []
        cells += [number(weights[each])] if weights else []
        rows.append([each, prevalence, *cells])
    return rows


def calibration_of_run(run: RunFiles) -> Rows:
    """Return the table of slopes and intercepts of `runs show RUN`."""
    rows = [["calibration, on test", "slope [95 %]", "intercept [95 %]"]]
    for name, each in calibration_of(answers_of(run, "test")).items():
        texts = [with_ends(each[what], each[f"{what}_interval"], DIGITS_OF_CURVES)
                 for what in ("slope", "intercept")]  # fmt: skip
        rows.append([name, *texts])
    return rows


def curves_of_run(run: RunFiles) -> Rows:
    """Return the table of reliability curves of `runs show RUN`."""
    rows = [["class", "predicted", "observed [95 %, Wilson]", "images"]]
    for name, found in calibration_of(answers_of(run, "test")).items():
        for each in found["bins"]:
            observed = with_ends(each["observed"], [each["low"], each["high"]], DIGITS_OF_CURVES)
            rows.append([name, f"{each['predicted']:.3f}", observed, count(each["num_images"])])
    return rows


def sizes_of_run(run: RunFiles) -> Rows:
    """Return the table of sizes of `runs show RUN`."""
    found = sizes(run)
    return [
        ["size", "total", "nonzero"],
        ["parameters", count(found["num_parameters"]), count(found["num_nonzero"])],
        ["compressible weights", count(found["num_compressible"]),
         count(found["num_compressible_nonzero"])],
        ["dense size, sparse size", size(found["bytes_dense"]), size(found["bytes_packed"])],
        ["multiply-accumulates", count(found["macs"]), ""],
    ]  # fmt: skip


def facts_of_run(run: RunFiles) -> dict[str, str]:
    """Return the lines of `runs show RUN` that state numbers, by their first word."""
    name, patients = primary_of(run), answers_of(run, "test").patients
    baseline = run.baseline
    assert baseline is not None
    found = change_of(baseline, run, name)
    assert found is not None
    factor, points = (1, "") if name in NO_SHARES else (100, " points")
    margin = f"{factor * margin_of(run):g}{points}"
    verdict = verdict_text(overall_verdict(baseline, run)).removeprefix("✗ ")
    power = (
        "which margin they can show is not known (the same in every patient: exact bound for the "
        "effective number of patients)"
    )
    if not found.is_constant:
        power = (
            f"if nothing is lost, non-inferiority at a margin of "
            f"{factor * found.detectable:.{3 if factor == 1 else 1}f}{points} in {LABELS[name]} "
            "is shown with a power of 80 %"
        )
    people = f"{len(set(patients.tolist()))} test patients"
    return {
        "change": f"test {LABELS[name]} {change(name, found)} from {baseline.key}",
        "verdict": f"{verdict}, against a margin of {margin}",
        "power": f"{people} (effective number {effective_number(patients):.1f}); {power}.",
    }
