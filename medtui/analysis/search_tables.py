"""What a study's searches came to, in words and as sheets: for verbs, screens and reports."""

from medtui.analysis.table import Table
from medtui.runs.search_record import SearchOutcome, SearchSample
from medtui.units import MISSING, format_density, format_number, format_percent, plural

GAINS = {
    "size": "times smaller packed",
    "macs": "times fewer multiply-adds",
    "latency": "times the speed on one image",
    "throughput": "times the images a second",
    "memory": "times less memory",
}
"""What a gain by each objective is."""

_FAR = 7.0
"""Losses beyond so many eps below the bound are off a chart."""


def describe_outcome(search: SearchOutcome) -> str:
    """Return what a search came to, or how far it is, in one sentence."""
    tried = plural(len(search.samples), "sample")
    bound = f"{_shown(search, search.bound)} {search.label} on val"
    best = search.best
    if best is None:
        found = f"no density keeps {bound} for sure" if search.samples else f"looking for {bound}"
        if any(sample.is_feasible and sample.gain is None for sample in search.samples):
            found = f"what keeps {bound} was not timed; see bench.log"
    else:
        kept = f"{_shown(search, best.metric)} {search.label} on val"
        found = f"density {best.density:.3g} has {kept}, bound {_shown(search, search.bound)}"
        if best.gain is not None:
            found += f", {best.gain:.3g} {GAINS[search.objective]}"
    ending = f"{tried}, {search.reason}" if search.is_over else f"{tried}, next {search.next}"
    return f"{search.scheme}: {found} ({ending})"


def kinds_of(search: SearchOutcome) -> dict[str, list[SearchSample]]:
    """Return the samples by kind, each by density; kinds without a sample are left out."""
    whole = [sample for sample in search.samples if not sample.is_probe]
    kinds = {
        "feasible": [sample for sample in whole if sample.is_feasible],
        "unsure": [sample for sample in whole if not sample.is_feasible],
        "probes": [sample for sample in search.samples if sample.is_probe],
    }
    return {
        kind: sorted(samples, key=lambda sample: sample.density)
        for kind, samples in kinds.items()
        if samples
    }


def floor_of(search: SearchOutcome) -> float | None:
    """Return the least metric that a chart shows; None where it shows all.

    A collapsed network would flatten what is near the bound.
    """
    floor = search.bound - _FAR * search.eps
    lowest = [sample.metric for sample in search.samples]
    if search.curve is not None:
        believed = zip(search.curve.mean, search.curve.sigma, strict=True)
        lowest += [mean - search.sigmas * sigma for mean, sigma in believed]
    return floor if any(value < floor for value in lowest) else None


def samples_table(search: SearchOutcome) -> Table:
    """Return a search's samples in planned order; the chosen one is marked."""
    rows = tuple(
        (
            sample.run,
            format_density(sample.density),
            _with_error(search, sample),
            "yes" if sample.is_feasible else "no",
            _role_of(search, sample),
            MISSING if sample.gain is None else f"{sample.gain:.3g}",
        )
        for sample in search.samples
    )
    headers = ("run", "density", f"val {search.label} ± error", "feasible", "sample",
               GAINS[search.objective])  # fmt: skip
    marks = tuple("chosen" if sample is search.best else "" for sample in search.samples)
    return Table(f"Samples of {search.scheme}", headers, rows, marks, _note(search))


def _note(search: SearchOutcome) -> str:
    judged = "its own error"
    if search.method != "bisection":
        judged = "what is believed of a run there; a whole run also by its own number"
    note = (
        "In the order in which they were planned. Error: standard error of the change from the "
        f"reference's {_shown(search, search.reference)}, paired over patients. Feasible: above "
        f"the bound of {_shown(search, search.bound)} by {search.sigmas:g} standard errors of "
        f"{judged}."
    )
    if any(sample.is_probe for sample in search.samples):
        note += " Probes ran fewer cycles, and are never chosen."
    if any(sample.is_free for sample in search.samples):
        note += " The grid's own runs cost the search nothing."
    return note


def _role_of(search: SearchOutcome, sample: SearchSample) -> str:
    if sample is search.best:
        return "chosen"
    return "probe" if sample.is_probe else "of the grid" if sample.is_free else "whole"


def _with_error(search: SearchOutcome, sample: SearchSample) -> str:
    scale, digits = (100, 1) if search.is_share else (1, 3)
    return f"{_shown(search, sample.metric)} ± {sample.sigma * scale:.{digits}f}"


def _shown(search: SearchOutcome, value: float) -> str:
    return format_percent(value) if search.is_share else format_number(value)
