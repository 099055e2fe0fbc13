"""What the figures share: how a run looks, what an axis says, where the legend stands."""

import math
from collections.abc import Sequence
from typing import Any

from medtui.analysis.groups import Group, group_entries
from medtui.analysis.run_record import Entry
from medtui.reporting.contents import Contents
from medtui.reporting.style import INK, PALETTE

_DECADE = 10
_MARKERS, _DASHES = "os^Dv", ("-", "--", "-.", (0, (1, 1)), (0, (4, 1, 1, 1, 1, 1)))
"""Beside its colour, so that a run is told apart where colours come round again."""


def has_gpu(contents: Contents) -> bool:
    """Whether any run was watched on a GPU."""
    return any(curves.telemetry.has_gpu for curves in contents.curves.values())


def has_densities(contents: Contents) -> bool:
    """Whether there is more than one density to draw against."""
    return len({entry.density for entry in contents.compressed if entry.density}) > 1


def scale_of(contents: Contents) -> float:
    """Give the factor of the headline metric: shares are shown in percent."""
    return 100.0 if contents.headline.is_share else 1.0


def label_of(contents: Contents, split: str) -> str:
    """Give the axis label of the headline metric."""
    return f"{split} {contents.headline.label}{contents.headline.unit}"


def look_of(contents: Contents, entry: Entry, *, is_dotted: bool = False) -> dict[str, Any]:
    """Give a run the same look in every figure, as curve or as dots; references have the ink's."""
    if entry.folder.is_reference:
        place, hue = contents.references.index(entry), INK
        round_ = place
    else:
        round_, place = divmod(contents.compressed.index(entry), len(PALETTE))
        hue = PALETTE[place]
    if is_dotted:
        return {"color": hue, "marker": _MARKERS[round_ % len(_MARKERS)], "linestyle": "none"}
    return {"color": hue, "linestyle": _DASHES[round_ % len(_DASHES)]}


def schemes_of(contents: Contents, entries: Sequence[Entry]) -> list[Group]:
    """Group runs by scheme; those of different studies are not mixed."""
    studies = {entry.folder.study.name for entry in contents.entries}
    return group_entries(entries, ["study", "scheme"] if len(studies) > 1 else ["scheme"])


def group_look_of(contents: Contents, group: Group) -> dict[str, Any]:
    """Give a scheme the look of its first run."""
    return look_of(contents, group.members[0])


def log_x(axes: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Make x logarithmic with plain numbers; between decades 2 and 5 where there are few."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    plain = FuncFormatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(plain if high / low < _DECADE**2 else NullFormatter())
    if _DECADE <= high / low < _DECADE**2:
        axes.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))


def plot_curve(
    axes: Any,  # noqa: ANN401 - matplotlib's
    curve: Sequence[tuple[float, float | None]],
    scale: float,
    **look: Any,  # noqa: ANN401 - matplotlib's
) -> None:
    """Draw a curve, y times `scale`; None is a gap."""
    heights = [math.nan if y is None else y * scale for _, y in curve]
    axes.plot([x for x, _ in curve], heights, **look)


def put_legend(figure: Any, axes: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Name each look once, beside the axes."""
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if unique:
        figure.legend(list(unique.values()), list(unique), loc="outside right upper")
