"""Outcomes of density searches as sentences and tables: for commands, screens and reports."""

from medtui.analysis.table import Table
from medtui.metrics import VAL_USE
from medtui.runs.search_record import SearchOutcome, SearchSample
from medtui.units import MISSING, format_density, format_percent, plural

GAINS = {
    "size": "size reduction",
    "macs": "MAC reduction",
    "latency": "latency speed-up",
    "throughput": "throughput speed-up",
    "memory": "memory reduction",
}
"""Names of the gain by each objective: the reference's value over the run's, or the reverse."""

_SHOWN_TOLERANCES = 7.0
"""A chart shows metrics down to this many tolerances below the bound."""


def describe_outcome(search: SearchOutcome) -> str:
    """Return a search's outcome, or its progress, in one sentence."""
    tried = plural(len(search.samples), "sample")
    bound = f"{_shown(search, search.bound)} {search.label} on val ({VAL_USE})"
    best = search.best
    if best is None:
        found = (
            f"no density meets {bound} with the required confidence"
            if search.samples
            else f"searching for {bound}"
        )
        if any(sample.is_feasible and sample.gain is None for sample in search.samples):
            found = f"the runs that keep {bound} were not benchmarked; see bench.log"
    else:
        kept = f"{_shown(search, best.metric)} {search.label} on val"
        found = f"density {best.density:.3g} has {kept}, bound {_shown(search, search.bound)}"
        if best.gain is not None:
            found += f", {GAINS[search.objective]} {best.gain:.3g}x"
    ending = f"{tried}, {search.reason}" if search.is_over else f"{tried}, next {search.next}"
    return f"{search.scheme}: {found} ({ending})"


def kinds_of(search: SearchOutcome) -> dict[str, list[SearchSample]]:
    """Return the samples by kind, in order of density; kinds without samples are left out."""
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
    """Return the lowest metric that a chart shows; None if it shows all.

    With a collapsed network in range, differences near the bound could not be seen.
    """
    floor = search.bound - _SHOWN_TOLERANCES * search.eps
    lowest = [sample.metric for sample in search.samples]
    if search.curve is not None:
        posterior = zip(search.curve.mean, search.curve.sigma, strict=True)
        lowest += [mean - search.sigmas * sigma for mean, sigma in posterior]
    return floor if any(value < floor for value in lowest) else None


def samples_table(search: SearchOutcome) -> Table:
    """Return a search's samples in the order of planning; the chosen one is marked."""
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
    headers = ("run", "density", f"val {search.label} ± error", "feasible", "role",
               GAINS[search.objective])  # fmt: skip
    marks = tuple("chosen" if sample is search.best else "" for sample in search.samples)
    shown = tuple(f"{each}, {VAL_USE}" if each.startswith("val ") else each for each in headers)
    return Table(
        f"Samples of {search.scheme}", headers, rows, marks, _note(search), shown_headers=shown
    )


def _note(search: SearchOutcome) -> str:
    error = "its own error"
    if search.method != "bisection":
        error = "the posterior at its density; a full-fidelity run also by its own metric"
    note = (
        "In the order of planning. Error: standard error of the change from the "
        f"reference's {_shown(search, search.reference)}, paired over patients (over "
        "images where patients are unknown). Feasible: above "
        f"the bound of {_shown(search, search.bound)} by {search.sigmas:g} standard errors of "
        f"{error}."
    )
    if any(sample.is_probe for sample in search.samples):
        note += " Low-fidelity runs have fewer cycles and are never chosen."
    if any(sample.is_free for sample in search.samples):
        note += " Runs of the grid do not count towards the budget."
    return note


def _role_of(search: SearchOutcome, sample: SearchSample) -> str:
    if sample is search.best:
        return "chosen"
    if sample.is_probe:
        return "low-fidelity"
    return "grid" if sample.is_free else "full-fidelity"


def _with_error(search: SearchOutcome, sample: SearchSample) -> str:
    scale, digits = (100, 1) if search.is_share else (1, 3)
    return f"{_shown(search, sample.metric)} ± {sample.sigma * scale:.{digits}f}"


def _shown(search: SearchOutcome, value: float) -> str:
    return format_percent(value) if search.is_share else f"{value:.3f}"
