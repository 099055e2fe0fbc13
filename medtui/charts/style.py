"""The look of charts, and their legends."""

from dataclasses import dataclass

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.charts.plot import Plot, letter_of


@dataclass(frozen=True)
class ChartStyle:
    """How charts look in the running application."""

    colours: Colours
    is_ascii: bool = False
    """Draw curves with their letters instead of braille dots."""

    def hue(self, plot: Plot, index: int) -> str:
        """Return the colour of a plot's series; more series than colours share them."""
        tint = plot.series[index].tint
        return self.colours.of(index if tint is None else tint)


def legend_of(plot: Plot, style: ChartStyle) -> Text:
    """Return letter, colour, name and value of every series: the latest, or those at the cursor."""
    legend = Text()
    if plot.cursor is not None:
        place = f"{plot.cursor:g}" if plot.are_x_whole or plot.is_x_log else f"{plot.cursor:.2f}"
        legend.append(f"{plot.x_label} {place}:  ", style=f"bold {style.colours.strong}")
    for index, series in enumerate(plot.series):
        if series.stroke == "faint" or not series.label:
            continue
        value = series.latest if plot.cursor is None else series.value_at(plot.cursor)
        legend.append(
            f"{letter_of(plot, index)} {series.label}", style=f"bold {style.hue(plot, index)}"
        )
        is_plain = value is None or series.digits is None or bool(plot.rows)
        said = "" if is_plain else f" {value:.{series.digits}f}"
        legend.append(f"{said}  ", style=style.colours.strong)
    for level in plot.levels:
        mark, place = ("┊", "") if plot.rows else ("╌", f" {level.value:.1f}")
        legend.append(f"{mark} {level.label}{place}  ", style=style.colours.muted)
    legend.append(plot.remark, style=style.colours.muted)
    legend.rstrip()
    return legend
