"""What a chart shows, without how it is drawn; `render_cells` and `render_matplotlib` draw it."""

from dataclasses import dataclass
from typing import Literal

from medtui.charts.palette import Tint
from medtui.monitor.telemetry_curves import Point

_LETTERS = 26

Stroke = Literal["line", "dots", "faint", "bars"]
"""Joined points; single points; joined points behind the others; bars from 0 along the rows."""

Interval = tuple[float, float]
"""Low and high end of an error bar."""

Mark = Literal["measured", "test", "val_only", "none"]
"""How measured points are marked: on val, on test, on val of a run without test, not at all."""

LevelRole = Literal["plain", "control", "reference", "margin"]
"""What a level is: nothing special, the control, the reference, the edge of the margin."""


@dataclass(frozen=True)
class Series:
    """One curve."""

    label: str
    """Label, with the split: `val`, `test`, `used`."""
    points: tuple[Point, ...]
    """In ascending x."""
    stroke: Stroke = "line"
    digits: int | None = 1
    """Decimals of the latest value in the legend; None names the curve alone."""
    tint: Tint | None = None
    """A run's place in the palette, or a role; None takes the series' own place."""
    letter: str = ""
    """Letter by which it is identified; empty takes the letter of its place."""
    intervals: tuple[Interval, ...] = ()
    """Error bars, one for each point: along y, or along x where the plot has rows."""
    variant: int = 0
    """Marker and dashes in files, that distinguish series of the same colour."""
    is_hollow: bool = False
    """Whether its dots are drawn as rings, as for low-fidelity samples."""
    mark: Mark = "measured"
    """The mark of measured points; a line has them where they are few enough to be told apart."""
    kept: float | None = None
    """The x of the point whose model is kept, which gets a star."""
    is_lit: bool = False
    """Whether it is drawn last and emphasised: the run under the cursor."""
    name: str = ""
    """Word at the end of the curve instead of the letter; the legend then shows the mark."""
    value: str = ""
    """Value in legends where it is no point's, such as a calibration error; empty is the latest."""
    is_run: bool = False
    """Whether its letter is a run's, which the table beside a chart on screen names."""

    @property
    def is_joined(self) -> bool:
        """Whether its points are joined by a line."""
        return self.stroke in {"line", "faint"}

    @property
    def latest(self) -> float | None:
        """The last measured value; None where there is none."""
        return next((y for _, y in reversed(self.points) if y is not None), None)

    @property
    def latest_x(self) -> float | None:
        """Where the last value was measured; None where there is none."""
        return next((x for x, y in reversed(self.points) if y is not None), None)

    def value_at(self, x: float, tolerance: float = 0.0) -> float | None:
        """Return the value measured at x, or nearest to it within `tolerance`; None without one."""
        near = ((abs(at - x), y) for at, y in self.points if abs(at - x) <= tolerance)
        return min(near, key=lambda each: each[0], default=(0.0, None))[1]


@dataclass(frozen=True)
class Band:
    """The region between two curves, such as a credible interval."""

    label: str
    points: tuple[tuple[float, float, float], ...]
    """x, low and high, in ascending x."""
    tint: Tint = "accent"


@dataclass(frozen=True)
class Level:
    """A dashed line to compare with: horizontal, or vertical where the plot has rows."""

    label: str
    value: float
    digits: int = 1
    """Decimals of the value in the legend."""
    role: LevelRole = "plain"
    """The control and the reference are named at their line."""


@dataclass(frozen=True)
class Zone:
    """A range of values behind the curves: across the chart, or upright where the plot has rows."""

    label: str
    low: float
    high: float
    is_off: bool = False
    """Whether it is beyond the margin rather than inside."""


@dataclass(frozen=True)
class Plot:
    """One chart."""

    title: str
    """Title, with the unit of y: `Accuracy by cycle, %`."""
    series: tuple[Series, ...]
    """Each gets a letter and a colour by its place, where it has none of its own."""
    levels: tuple[Level, ...] = ()
    bands: tuple[Band, ...] = ()
    zones: tuple[Zone, ...] = ()
    x_label: str = ""
    """What x counts, with its unit: `cycle`, `minutes`."""
    y_label: str = ""
    """What y counts, with its unit; on screen it is in the title."""
    rows: tuple[str, ...] = ()
    """Names along y from the top, for plots of categories: y is then the number of a row."""
    y_limits: tuple[float | None, float | None] = (None, None)
    """Fixed ends of the y axis; None follows the data."""
    x_limits: tuple[float | None, float | None] = (None, None)
    """Fixed ends of the x axis; a planned end keeps the axis of a live chart fixed."""
    y_bounds: tuple[float | None, float | None] = (None, None)
    """Ends beyond which y has no values, such as 0 and 100 of percentages: the axis, which follows
    the data, does not go beyond them."""
    x_names: tuple[tuple[float, str], ...] = ()
    """Places along x with a name instead of a number: `fine-tuned`, after the last cycle."""
    is_clock: bool = False
    """Whether x is in minutes, labelled as `m:ss`."""
    are_x_whole: bool = False
    """Whether x has whole numbers only, so that no tick falls between them."""
    is_sampled: bool = False
    """Whether x is time, at which each series has samples of its own: what is read at the cursor
    may then be a neighbour of it."""
    is_log: bool = False
    """Whether y is drawn by its logarithm; values not above 0 are gaps then."""
    is_x_log: bool = False
    """Whether x is drawn by its logarithm; points not above 0 are left out then."""
    cursor: float | None = None
    """An x that is marked by a vertical line; None marks none."""
    remark: str = ""
    """Text after the legend."""
    empty: str = "no measurement yet"
    """Text that is shown where there is nothing to draw."""

    def name_of_x(self, x: float) -> str:
        """Return the name of a place along x; empty where it has none."""
        return next((name for at, name in self.x_names if at == x), "")

    @property
    def is_empty(self) -> bool:
        """Whether no series has a measured value."""
        return all(series.latest is None for series in self.series)


def letter_of(plot: Plot, index: int) -> str:
    """Return the letter of a series: its own, or by its place A, B, C ... Z, AA, AB."""
    return plot.series[index].letter or place_letter(index)


def place_letter(index: int) -> str:
    """Return the letter of a place: A, B, C ... Z, AA, AB."""
    before = place_letter(index // _LETTERS - 1) if index >= _LETTERS else ""
    return before + chr(ord("A") + index % _LETTERS)
