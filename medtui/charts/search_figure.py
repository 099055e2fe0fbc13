"""The chart of a search: what is known of the metric by density, and what is asked next."""

from collections.abc import Iterator

from medtui.analysis.search_tables import floor_of, kinds_of
from medtui.charts.plot import Level, Plot, Series
from medtui.monitor.run_view import RunView
from medtui.runs.search_record import SearchOutcome

_PERCENT = 100.0
_LOOKS = {"feasible": ("F", 2), "unsure": ("N", 1), "probes": ("P", 3)}
"""A kind of samples, to its letter and its place in the palette."""


def search_plot(view: RunView) -> Plot:
    """Give the samples of the run's search, the belief between them, its band and the bound."""
    search = view.search
    if search is None:
        return Plot(title="Search", series=(), empty="this study searches for no density")
    scale = _PERCENT if search.is_share else 1.0
    unit = ", %" if search.is_share else ""
    floor = floor_of(search)
    return Plot(
        title=f"{search.scheme}: val {search.label} by density{unit}",
        series=tuple(_series_of(search, scale)),
        levels=(Level("bound", search.bound * scale),),
        x_label="density",
        is_x_log=True,
        y_limits=(None if floor is None else floor * scale, None),
        remark=describe_search(search),
        empty="no sample is finished yet",
    )


def _series_of(search: SearchOutcome, scale: float) -> Iterator[Series]:
    curve = search.curve
    if curve is None:
        return
    rows = list(zip(curve.densities, curve.mean, curve.sigma, strict=True))
    believed = tuple((x, mean * scale) for x, mean, _ in rows)
    yield Series("belief", believed, digits=None, tint=0, letter="B")
    for side in (-search.sigmas, search.sigmas):
        yield Series(
            "", tuple((x, (mean + side * sigma) * scale) for x, mean, sigma in rows), "faint"
        )
    for kind, samples in kinds_of(search).items():
        letter, tint = _LOOKS[kind]
        points = tuple((each.density, each.metric * scale) for each in samples)
        yield Series(kind, points, "dots", digits=None, tint=tint, letter=letter)
    if search.next_density is not None:
        wanted = search.next_density
        nothing = (wanted, search.bound, 0.0)
        _, mean, _ = min(rows, key=lambda row: abs(row[0] - wanted), default=nothing)
        label, points = f"next {wanted:.3g}", ((wanted, mean * scale),)
        yield Series(label, points, "dots", digits=None, tint=4, letter="?")


def describe_search(search: SearchOutcome) -> str:
    """Give what was found and spent so far, in few words."""
    spent = sum(not each.is_free for each in search.samples)
    found = f"found {search.best.density:.3g}" if search.best else "none yet"
    return f"{found}, {spent}/{search.num_planned} samples"
