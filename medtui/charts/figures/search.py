"""The figure of a search: its samples, the posterior mean with its band, and the bound."""

from collections.abc import Iterator
from dataclasses import replace

from medtui.analysis.search_tables import floor_of, kinds_of
from medtui.charts.palette import Tint
from medtui.charts.plot import Band, Level, Plot, Series
from medtui.metrics import VAL_USE
from medtui.runs.search_record import SearchOutcome, SearchSample

_PERCENT = 100.0

_LOOKS: dict[str, tuple[str, str, Tint, int]] = {
    "feasible": ("feasible", "f", "good", 0),
    "unsure": ("not shown feasible", "n", "warning", 1),
    "probes": ("low-fidelity run", "l", "odd", 2),
}
"""A kind of samples to its label, letter, colour and marker; capital letters are runs'."""


def search(outcome: SearchOutcome | None) -> Plot:
    """Return the samples of a search, what it infers between them, its bound and its next run."""
    if outcome is None:
        return Plot("Search", (), empty="this study has no search for a density")
    scale = _PERCENT if outcome.is_share else 1.0
    unit = ", %" if outcome.is_share else ""
    floor = floor_of(outcome)
    return Plot(
        title=f"{outcome.scheme}: val {outcome.label} by density{unit}",
        series=tuple(_series_of(outcome, scale)),
        levels=(Level("bound", outcome.bound * scale),),
        bands=_bands_of(outcome, scale),
        x_label="density",
        y_label=f"val {outcome.label}{unit}",
        is_x_log=True,
        y_limits=(None if floor is None else floor * scale, None),
        y_bounds=(0.0, scale),
        remark=f"{describe_search(outcome)}; val is {VAL_USE}",
        empty="waiting for the first sample",
    )


def describe_search(outcome: SearchOutcome) -> str:
    """Return the density found so far and the number of samples."""
    spent = sum(not each.is_free for each in outcome.samples)
    found = f"found {outcome.best.density:.3g}" if outcome.best else "no feasible density yet"
    return f"{found}, {spent}/{outcome.num_planned} samples"


def caption_of(outcome: SearchOutcome) -> str:
    """Return what the figure shows, in sentences for a report."""
    label = outcome.label[:1].upper() + outcome.label[1:]
    text = (
        f"{label} on val, {VAL_USE}, by density, each sample with its standard error. The curve "
        f"is the posterior mean for full-fidelity runs, its band {outcome.sigmas:g} standard "
        "errors to either side."
    )
    if any(sample.is_probe for sample in outcome.samples):
        text += (
            " Low-fidelity runs ran fewer cycles: they are drawn at the density that they were run "
            "with, and modelled as full-fidelity runs at smaller densities."
        )
    floor = floor_of(outcome)
    num_below = sum(floor is not None and sample.metric < floor for sample in outcome.samples)
    if num_below:
        text += f" {num_below} sample{'s are' if num_below > 1 else ' is'} below the axes."
    return text


def _bands_of(outcome: SearchOutcome, scale: float) -> tuple[Band, ...]:
    curve = outcome.curve
    if curve is None or not curve.densities:
        return ()
    points = tuple(
        (density, (mean - outcome.sigmas * sigma) * scale, (mean + outcome.sigmas * sigma) * scale)
        for density, mean, sigma in zip(curve.densities, curve.mean, curve.sigma, strict=True)
    )
    return (Band(f"± {outcome.sigmas:g} standard errors", points),)


def _series_of(outcome: SearchOutcome, scale: float) -> Iterator[Series]:
    curve = outcome.curve
    if curve is None:
        return
    means = tuple(
        (density, mean * scale) for density, mean in zip(curve.densities, curve.mean, strict=True)
    )
    yield Series("posterior mean", means, digits=None, tint="accent", letter="m")
    for kind, samples in kinds_of(outcome).items():
        label, letter, tint, variant = _LOOKS[kind]
        dots = _dots_of(samples, scale)
        yield replace(dots, label=label, letter=letter, tint=tint, variant=variant,
                      is_hollow=kind != "feasible")  # fmt: skip
    best = outcome.best
    if best is not None:
        yield Series(f"chosen {best.density:.3g}", ((best.density, best.metric * scale),), "dots",
                     digits=None, tint="strong", letter="★", variant=3, is_hollow=True)  # fmt: skip
    if outcome.next_density is not None:
        wanted = outcome.next_density
        _, mean = min(means, key=lambda each: abs(each[0] - wanted),
                      default=(wanted, outcome.bound * scale))  # fmt: skip
        yield Series(f"next {wanted:.3g}", ((wanted, mean),), "dots",
                     digits=None, tint="strong", letter="?", variant=4)  # fmt: skip


def _dots_of(samples: list[SearchSample], scale: float) -> Series:
    """Return samples as dots with error bars of one standard error."""
    return Series(
        "",
        tuple((each.density, each.metric * scale) for each in samples),
        "dots",
        digits=None,
        intervals=tuple(
            ((each.metric - each.sigma) * scale, (each.metric + each.sigma) * scale)
            for each in samples
        ),
    )
