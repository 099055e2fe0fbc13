"""The chart of a search: what is known of the metric by density, and what is asked next."""

from collections.abc import Iterator

from medtui.runs.search import SearchOutcome, SearchSample
from medtui.tui.plot import Level, Plot, Point, Series
from medtui.tui.view import RunView

_PERCENT = 100.0
_FAR = 7.0
"""Losses beyond so many eps below the bound are off the chart."""


def search_plot(view: RunView) -> Plot:
    """Give the samples of the run's search, the belief between them, its band and the bound."""
    search = view.search
    if search is None:
        return Plot(title="Search", series=(), empty="this study searches for no density")
    scale = _PERCENT if search.is_share else 1.0
    unit = ", %" if search.is_share else ""
    series = tuple(_series_of(search, scale))
    floor = (search.bound - _FAR * search.eps) * scale
    is_deep = any(y is not None and y < floor for each in series for _, y in each.points)
    return Plot(
        title=f"{search.scheme}: val {search.label} by density{unit}",
        series=series,
        levels=(Level("bound", search.bound * scale),),
        x_label="density",
        is_x_log=True,
        y_limits=(floor if is_deep else None, None),
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
    whole = [each for each in search.samples if not each.is_probe]
    kinds = {
        ("feasible", "F", 2): [each for each in whole if each.is_feasible],
        ("unsure", "N", 1): [each for each in whole if not each.is_feasible],
        ("probes", "P", 3): [each for each in search.samples if each.is_probe],
    }
    for (label, letter, tint), samples in kinds.items():
        if samples:
            points = _points(samples, scale)
            yield Series(label, points, "dots", digits=None, tint=tint, letter=letter)
    if search.next_density is not None:
        wanted = search.next_density
        _, mean, _ = min(rows, key=lambda row: abs(row[0] - wanted))
        label, points = f"next {wanted:.3g}", ((wanted, mean * scale),)
        yield Series(label, points, "dots", digits=None, tint=4, letter="?")


def _points(samples: list[SearchSample], scale: float) -> tuple[Point, ...]:
    return tuple(sorted((each.density, each.metric * scale) for each in samples))


def describe_search(search: SearchOutcome) -> str:
    """Give what was found and spent so far, in few words."""
    spent = sum(not each.is_free for each in search.samples)
    found = f"found {search.best.density:.3g}" if search.best else "none yet"
    return f"{found}, {spent}/{search.num_planned} samples"
