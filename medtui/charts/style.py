"""The look of charts, and their legends."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from medtui.charts.glyphs import ASCII, UNICODE, Glyphs
from medtui.charts.palette import Colours
from medtui.charts.plot import LevelRole, Plot, Series, letter_of
from medtui.charts.ticks import label_clock
from medtui.units import MISSING

_NEAR = 0.01
"""Share of a time axis within which a point belongs to the cursor."""


@dataclass(frozen=True)
class ChartStyle:
    """How charts look in the running application."""

    colours: Colours
    is_ascii: bool = False
    """Draw curves with their letters instead of braille dots."""

    @property
    def glyphs(self) -> Glyphs:
        """The characters of charts."""
        return ASCII if self.is_ascii else UNICODE

    def line_hue(self, plot: Plot, index: int) -> str:
        """Return the colour in which a series is drawn.

        Raw curves are secondary; where there are more series than colours, so are all but the lit.
        """
        series = plot.series[index]
        is_one_of_many = len(plot.series) > len(self.colours.series) and not series.is_lit
        if series.stroke == "faint" or (is_one_of_many and any(s.is_lit for s in plot.series)):
            return self.colours.muted
        return self.hue(plot, index)

    def level_hue(self, role: LevelRole) -> str:
        """Return the colour of a level."""
        if role == "margin":
            return self.colours.bad
        return self.colours.strong if role == "control" else self.colours.muted

    def hue(self, plot: Plot, index: int) -> str:
        """Return the colour of a plot's series; more series than colours share them."""
        tint = plot.series[index].tint
        return self.colours.of(index if tint is None else tint)


def legend_of(
    plot: Plot, style: ChartStyle, unnamed: Collection[str] = (), room: int | None = None
) -> Text:
    """Return mark, colour, name and value of every series: the latest, or those at the cursor.

    On an axis of cycles the latest values are grouped by where they were measured. The control and
    the reference are named at their lines, but for those that are `unnamed` there. A legend that
    is longer than `room` cells names runs by their letters alone; if that is not enough, it lacks
    zones, then the remark but for its last part, then levels, then that part, for which there is
    an ellipsis at its end.
    """
    full = _joined(_parts_of(plot, style, unnamed))
    if room is None or full.cell_len <= room:
        return full
    parts = _parts_of(plot, style, unnamed, is_brief=True)
    brief = _joined(parts)
    for least in (_ZONE, _REMARK, _LEVEL, _LAST_REMARK):
        if brief.cell_len <= room:
            break
        kept = [part for part in parts if part[0] < least]
        if len(kept) < len(parts):
            brief = _joined(kept).append("  …", style=style.colours.muted)
    return brief


_SERIES, _LAST_REMARK, _LEVEL, _REMARK, _ZONE = range(5)
"""Parts of a legend, in the order of their importance: a remark ends with a key, or a mark."""

_Part = tuple[int, Text]


def _joined(parts: Sequence[_Part]) -> Text:
    return Text("  ").join(text for _, text in parts if text)


def _parts_of(
    plot: Plot, style: ChartStyle, unnamed: Collection[str], *, is_brief: bool = False
) -> list[_Part]:
    parts = [(_SERIES, text) for text in _series_texts(plot, style, is_brief=is_brief)]
    muted = style.colours.muted
    for level in plot.levels:
        if level.role in {"control", "reference"} and not plot.rows and level.label not in unnamed:
            continue
        marks = style.glyphs.upright if plot.rows else style.glyphs.levels
        place = "" if plot.rows else f" {level.value:.{level.digits}f}"
        label = level.label.replace("reference", "ref.") if is_brief else level.label
        parts.append((_LEVEL, Text(f"{marks[level.role]} {label}{place}", style=muted)))
    for zone in plot.zones:
        label = zone.label.removesuffix(" points") if is_brief else zone.label
        parts.append((_ZONE, Text(f"{style.glyphs.band * 2} {label}", style=muted)))
    *remarks, last = plot.remark.split("  ")
    parts += [(_REMARK, Text(remark, style=muted)) for remark in remarks]
    return [*parts, (_LAST_REMARK, Text(last, style=muted))]


def _series_texts(plot: Plot, style: ChartStyle, *, is_brief: bool) -> Iterator[Text]:
    """Yield the names of series with their values, below the places where these were measured."""
    place_style = f"bold {style.colours.strong}"
    if plot.cursor is not None:
        yield Text(_place_of(plot, plot.cursor), style=place_style)
    by_place = dict[str, list[int]]()
    for index, series in enumerate(plot.series):
        if series.stroke == "faint" or not series.label:
            continue
        at = series.latest_x if plot.are_x_whole and plot.cursor is None else None
        by_place.setdefault("" if at is None else _place_of(plot, at), []).append(index)
    for place, indices in by_place.items():
        yield Text(place, style=place_style)
        for index in indices:
            yield _series_text(plot, index, style, is_brief=is_brief)


def _series_text(plot: Plot, index: int, style: ChartStyle, *, is_brief: bool) -> Text:
    series = plot.series[index]
    mark = style.glyphs.mark_of(series) if series.name else letter_of(plot, index)
    label = "" if is_brief and series.is_run and not series.name else series.label
    is_plain = series.digits is None or bool(plot.rows)
    value = f" {series.value}" if series.value else "" if is_plain else _value_of(series, plot)
    name = (f"{mark} {label}".strip(), f"bold {style.hue(plot, index)}")
    return Text.assemble(name, (value, style.colours.strong))


def _place_of(plot: Plot, cursor: float) -> str:
    """Return where the cursor is, as the axis is labelled."""
    if name := plot.name_of_x(cursor):
        return f"{name}:"
    if plot.is_clock:
        return f"{label_clock(cursor)}:"
    place = f"{cursor:g}" if plot.is_x_log else f"{cursor:.2f}"
    place = place.rstrip("0").rstrip(".") if "." in place else place
    return f"{plot.x_label} {place}:"


def _value_of(series: Series, plot: Plot) -> str:
    """Return a series' latest value or, where there is a cursor, what was measured there.

    A smoothed curve has its mean in brackets behind the measured value.
    """
    if plot.cursor is None:
        return "" if series.latest is None else f" {series.latest:.{series.digits}f}"
    tolerance = _NEAR * _width_of(plot) if plot.is_sampled else 0.0
    raw = [each for each in plot.series if each.stroke == "faint" and each.label == series.label]
    measured = (raw[0] if raw else series).value_at(plot.cursor, tolerance)
    if measured is None:
        return f" {MISSING}"
    mean = series.value_at(plot.cursor, tolerance) if raw else None
    said = f" {measured:.{series.digits}f}"
    return said if mean is None else f"{said} (mean {mean:.{series.digits}f})"


def _width_of(plot: Plot) -> float:
    """Return the extent of all points along x."""
    xs = [x for series in plot.series for x, _ in series.points]
    return max(xs) - min(xs) if xs else 0.0
