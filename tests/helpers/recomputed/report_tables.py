"""The tables of a report about whole runs, recomputed: results, convergence, data, summary."""

import numpy as np

from tests.helpers.recomputed.answers import answers_of, pair
from tests.helpers.recomputed.comparison import (
    flips_of,
    holm,
    judged_rows,
    margin_of,
    overall_verdict,
    primary_of,
)
from tests.helpers.recomputed.intervals import intervals_of, paired
from tests.helpers.recomputed.metrics import metric
from tests.helpers.recomputed.printed import change_of
from tests.helpers.recomputed.run_files import RunFiles
from tests.helpers.recomputed.sheets import compared, verdict_text
from tests.helpers.recomputed.texts import (
    LABELS,
    Rows,
    change,
    count,
    density,
    duration,
    number,
    percent,
    shown,
    size,
    with_interval,
)
from tests.helpers.recomputed.weights import size_of


def sizes_of(run: RunFiles) -> dict:
    """Return the sizes of a run's stored weights."""
    side = run.result["image_shape"][1]
    return size_of(run.tensors, run.preset["model"]["architecture"], side)


def with_own_interval(run: RunFiles, name: str, split: str = "test") -> str:
    """Return a metric with its interval, both recomputed."""
    answers = answers_of(run, split)
    intervals = intervals_of(
        answers, method=run.result.get("interval_method", "percentile"),
        resamples=run.preset["evaluate"]["bootstrap"], seed=run.preset["data"]["seed"],
        wanted=(name,),
    )  # fmt: skip
    return with_interval(name, metric(answers, name), intervals.get(name))


def results(runs: list[RunFiles]) -> Rows:
    """Return the report's first table; it needs the stored weights."""
    name = primary_of(runs[0])
    rows = [[
        "run", f"test {LABELS[name]} [95 %]", "change [95 %]", "from the reference [95 %]",
        "verdict", "density", "actual density", "reachable density", "nonzero",
        "sparse size", "cycle kept", "time",
    ]]  # fmt: skip
    for run in runs:
        sizes, texts = sizes_of(run), ["—", "—", "—"]
        if run.baseline is not None:
            texts = [
                change(name, change_of(each, run, name)) for each in (run.baseline, run.reference)
            ]
            texts.append(verdict_text(overall_verdict(run.baseline, run)).removeprefix("✗ "))
            if run.control is None:  # a control: its change is from the reference alone
                texts = ["—", texts[1], "—"]
        actual = sizes["num_compressible_nonzero"] / sizes["num_compressible"]
        rows.append([
            run.name, with_own_interval(run, name), *texts, density(run.result["density"]),
            number(actual, 4), number(sizes["density_reachable"], 4), count(sizes["num_nonzero"]),
            size(sizes["bytes_packed"]), str(run.result["best_cycle"]),
            duration(run.result["seconds"]),
        ])  # fmt: skip
    return rows


def convergence(runs: list[RunFiles]) -> Rows:
    """Return how far w and theta are apart after the last cycle, from the log."""
    name = primary_of(runs[0])
    rows = [[
        "run", "cycle kept", "last cycle", "constraint violation", f"val {LABELS[name]} of w",
        f"val {LABELS[name]} of theta",
    ]]  # fmt: skip
    for run in runs:
        if run.is_dense:
            continue
        last = run.cycles("compress")[-1]
        rows.append([
            run.name, str(run.result["best_cycle"]), str(last["cycle"]), number(last["gap"], 2),
            shown(name, last["w_val"][name]), shown(name, last["val"][name]),
        ])  # fmt: skip
    return rows


def split_table(run: RunFiles) -> Rows:
    """Return the sizes of the splits and the shares of the classes."""
    parts = [answers_of(run, split) for split in ("val", "test")]
    loaded = next(each for each in run.events if each["kind"] == "DataLoaded")
    rows = [["", "train", "val", "test"]]
    rows.append(["images", count(loaded["num_train"]), *(count(len(each.names)) for each in parts)])
    if run.result["has_patients"]:
        rows.append(["patients", "—", *(count(len(set(each.patients.tolist()))) for each in parts)])
    for index, name in enumerate(parts[0].classes):
        shares = [float(np.nanmean(each.labels[:, index])) for each in parts]
        rows.append([f"share of {name}", "—", *map(percent, shares)])
    return rows


def summary_sentences(runs: list[RunFiles]) -> list[str]:
    """Return the sentences of the summary that state measured numbers."""
    name, reference = primary_of(runs[0]), runs[0]
    answers = answers_of(reference, "test")
    images, patients = len(answers.names), len(set(answers.patients.tolist()))
    reached = with_own_interval(reference, name)
    first = (
        f"The dense reference reached a test {LABELS[name]} of {reached} on {count(images)} test "
        f"images of {count(patients)} patients."
    )
    found = [first]
    found += [
        f"{run.name}, the reference trained further as the compressions are, reached a test "
        f"{LABELS[name]} of {with_own_interval(run, name)}."
        for run in runs if run.is_dense and run is not reference
    ]  # fmt: skip
    rates = [flips_of_run(run)["rate"] for run in compared(runs)]
    low, high = percent(min(rates)), percent(max(rates))
    differ = "of the test predictions differ from those of the control."
    found.append(f"{low if low == high else f'{low} to {high}'} {differ}")
    return [*found, _verdicts(runs), _chosen(runs)]


def flips_of_run(run: RunFiles) -> dict[str, float]:
    """Return the changed predictions against the run's baseline."""
    return flips_of(*pair(run.baseline, run, "test"))


def worse_rows(run: RunFiles) -> set[str]:
    """Return the classes and groups that are worse, by Holm's method."""
    classes, groups = judged_rows(run.baseline, run)
    found = holm([*classes, *groups], margin_of(run))
    return {name for name, verdict in found.items() if verdict[0] == "worse"}


def _verdicts(runs: list[RunFiles]) -> str:
    compressed = [run for run in runs if not run.is_dense]
    states = [overall_verdict(run.baseline, run)[0] for run in compressed]
    verb = "is" if len(states) == 1 else "are"
    runs_text = f"{len(states)} compared run{'s' if len(states) > 1 else ''}"
    return (
        f"{states.count('non-inferior')} of {runs_text} {verb} shown to be non-inferior to the "
        f"control on test, {states.count('worse')} to be worse; for {states.count('not shown')}, "
        "neither is shown."
    )


def _chosen(runs: list[RunFiles]) -> str:
    """Return which run is chosen on val, and its numbers on test."""
    name, margin = primary_of(runs[0]), margin_of(runs[0])
    holding = []
    for run in (each for each in runs if not each.is_dense):
        on_val = paired(*pair(run.baseline, run, "val"), name)
        if on_val is not None and on_val.has_ends and on_val.low > -margin:
            holding.append(run)
    if not holding:
        return "no compressed run excludes a loss of "
    smallest = min(holding, key=lambda run: sizes_of(run)["bytes_packed"])
    sizes = sizes_of(smallest)
    actual = sizes["num_compressible_nonzero"] / sizes["num_compressible"]
    verdict = verdict_text(overall_verdict(smallest.baseline, smallest)).removeprefix("✗ ")
    return (
        f"is {smallest.name}, with a sparse size of {size(sizes['bytes_packed'])} and an actual "
        f"density of {percent(actual)}; on test its {LABELS[name]} changed by "
        f"{change(name, change_of(smallest.baseline, smallest, name))}: {verdict}."
    )
