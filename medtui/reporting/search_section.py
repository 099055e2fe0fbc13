"""The report's section on searches: of each its outcome, its samples, and what it believes."""

from typing import Any

from medtui.analysis.search_tables import floor_of, kinds_of
from medtui.reporting.axes import log_x, put_legend
from medtui.reporting.contents import Contents
from medtui.reporting.figure import Figure
from medtui.reporting.style import INK, PALETTE
from medtui.runs.folder import slugify
from medtui.runs.search_record import SearchOutcome

_LOOKS: dict[str, dict[str, Any]] = {
    "feasible": {"marker": "o", "color": PALETTE[2]},
    "unsure": {"marker": "o", "color": PALETTE[1], "markerfacecolor": "none"},
    "probes": {"marker": "^", "color": PALETTE[3], "markerfacecolor": "none"},
}
"""Beside its colour each kind has a shape, filled or hollow."""


def search_figures(contents: Contents) -> list[Figure]:
    """Give a figure for each search that has a sample, in the searches' order."""
    return [
        search_figure(study, search) for study, search in named_searches(contents) if search.samples
    ]


def named_searches(contents: Contents) -> list[tuple[str, SearchOutcome]]:
    """Give each search with its study's name; without one where all are of one study."""
    are_many = len({study for study, _ in contents.searches}) > 1
    return [(study if are_many else "", search) for study, search in contents.searches]


def search_figure(study: str, search: SearchOutcome) -> Figure:
    """Give the figure of one search; `study` is empty where the report has no other one."""
    return Figure(
        slugify(f"search {study} {search.scheme}"),
        f"{search.scheme} by density",
        _caption(search),
        lambda _, figure: paint_search(search, figure),
    )


def paint_search(search: SearchOutcome, figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Draw the samples with their errors, the belief with its band, the bound, the chosen one."""
    axes = figure.subplots()
    scale = 100.0 if search.is_share else 1.0
    _paint_belief(search, axes, scale)
    axes.axhline(search.bound * scale, color=INK, linewidth=0.8, linestyle="--", label="bound")
    for kind, samples in kinds_of(search).items():
        axes.errorbar(
            [sample.density for sample in samples],
            [sample.metric * scale for sample in samples],
            yerr=[sample.sigma * scale for sample in samples],
            label=kind, linestyle="none", markersize=5, elinewidth=0.8, **_LOOKS[kind],
        )  # fmt: skip
    best = search.best
    if best is not None:
        axes.plot(best.density, best.metric * scale, "s", markersize=12, markerfacecolor="none",
                  color=INK, label=f"chosen: {best.density:.3g}")  # fmt: skip
    floor = floor_of(search)
    axes.set_ylim(bottom=None if floor is None else floor * scale)
    axes.set(xlabel="density", ylabel=f"val {search.label}{', %' if search.is_share else ''}")
    log_x(axes)
    put_legend(figure, axes)


def _paint_belief(search: SearchOutcome, axes: Any, scale: float) -> None:  # noqa: ANN401 - matplotlib's
    curve = search.curve
    if curve is None:
        return
    rows = list(zip(curve.mean, curve.sigma, strict=True))
    low, high = (
        [(mean + side * sigma) * scale for mean, sigma in rows]
        for side in (-search.sigmas, search.sigmas)
    )
    axes.fill_between(curve.densities, low, high, color=PALETTE[0], alpha=0.18, linewidth=0)
    means = [mean * scale for mean in curve.mean]
    axes.plot(curve.densities, means, color=PALETTE[0], label="belief")


def _caption(search: SearchOutcome) -> str:
    label = search.label[:1].upper() + search.label[1:]
    text = (
        f"{label} on val by density, each sample with its standard error. The curve is what is "
        f"believed of whole runs, its band {search.sigmas:g} standard errors to either side."
    )
    if any(sample.is_probe for sample in search.samples):
        text += (
            " Probes ran fewer cycles: they lie where they were measured, and are read as whole "
            "runs at smaller densities."
        )
    floor = floor_of(search)
    num_below = sum(floor is not None and sample.metric < floor for sample in search.samples)
    if num_below:
        text += f" {num_below} sample{'s lie' if num_below > 1 else ' lies'} below the axes."
    return text
