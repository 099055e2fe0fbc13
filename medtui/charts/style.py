"""The look of charts, and their legends."""

from collections.abc import Collection
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


def legend_of(plot: Plot, style: ChartStyle, unnamed: Collection[str] = ()) -> Text:
    """Return mark, colour, name and value of every series: the latest, or those at the cursor.

    The control and the reference are named at their lines, but for those that are `unnamed` there.
    """
    legend = Text()
    if plot.cursor is not None:
        legend.append(f"{_place_of(plot, plot.cursor)}  ", style=f"bold {style.colours.strong}")
    for index, series in enumerate(plot.series):
        if series.stroke == "faint" or not series.label:
            continue
        mark = style.glyphs.mark_of(series) if series.name else letter_of(plot, index)
        legend.append(f"{mark} {series.label}".lstrip(), style=f"bold {style.hue(plot, index)}")
        is_plain = series.digits is None or bool(plot.rows)
        said = "" if is_plain else _value_of(series, plot)
        legend.append(f"{said}  ", style=style.colours.strong)
    for level in plot.levels:
        if level.role in {"control", "reference"} and not plot.rows and level.label not in unnamed:
            continue
        marks = style.glyphs.upright if plot.rows else style.glyphs.levels
        place = "" if plot.rows else f" {level.value:.{level.digits}f}"
        legend.append(f"{marks[level.role]} {level.label}{place}  ", style=style.colours.muted)
    for zone in plot.zones:
        legend.append(f"{style.glyphs.band * 2} {zone.label}  ", style=style.colours.muted)
    legend.append(plot.remark, style=style.colours.muted)
    legend.rstrip()
    return legend


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
