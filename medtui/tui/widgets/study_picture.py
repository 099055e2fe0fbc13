"""The picture of a study on Home: left and right walk along its points."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.events import Click
from textual.message import Message

from medtui.analysis.outcome import StudyOutcome
from medtui.charts.bands import BandKind, next_band
from medtui.charts.figures.study_picture import (
    BARS,
    BARS_IN_SHORT,
    BY_SIZE,
    PicturePoint,
    picture_points,
    study_picture,
)
from medtui.charts.plot import Plot
from medtui.charts.style import ChartStyle
from medtui.monitor.study_summary import StudySummary
from medtui.tui.bindings import bind
from medtui.tui.widgets.chart import Chart

if TYPE_CHECKING:
    from medtui.charts.plane import Plane

_LONG_TITLE = 44
"""Cells from which the title says in full what x is."""

_WHOLE = 1_000
"""Cells in which every legend is whole."""

_CELL_HEIGHT = 2
"""Height of a cell in widths of a cell."""


class StudyPicture(Chart, can_focus=True):
    """Shows the runs of one study by size; the run under the cursor is lit."""

    BINDINGS = [
        bind("inspect_back", "walk(-1)", "Smaller", "Move to the next smaller run", shown=False),
        bind("inspect", "walk(1)", "Larger", "Move to the next larger run", shown=False),
        bind("open", "open", "Open", "Open the run of the point"),
        bind("band", "band", "Margin band", "Show the margin, the control's interval, or no band"),
    ]

    _points: tuple[PicturePoint, ...] = ()
    """Runs in the picture, the smallest first."""
    _lit = ""
    _band: BandKind = "margin"
    _shown: tuple[StudySummary, StudyOutcome | None, ChartStyle] | None = None

    @dataclass
    class PointReached(Message):
        """The cursor went to the point of a run."""

        key: str
        """`study/run`."""

    @dataclass
    class PointOpened(Message):
        """The run of the point is to be opened."""

        key: str

    def show_study(
        self, study: StudySummary, outcome: StudyOutcome | None, lit: str, style: ChartStyle
    ) -> None:
        """Show the picture of a study, with one run emphasised."""
        self._points = tuple(picture_points(study, outcome))
        self._lit = lit
        self._shown = (study, outcome, style)
        self.show(study_picture(study, outcome, lit, self._band), style)

    def action_band(self) -> None:
        """Show the next kind of band."""
        self._band = next_band(self._band)
        if self._shown is not None:
            study, outcome, style = self._shown
            self.show(study_picture(study, outcome, self._lit, self._band), style)

    def legend(self, plot: Plot, style: ChartStyle, room: int) -> Text:
        """Return the legend; where there is little room, in few words."""
        whole = super().legend(plot, style, max(room, _WHOLE))
        if whole.cell_len <= room:
            return whole
        words = [f"·· {zone.label}" for zone in plot.zones]
        bars = [BARS_IN_SHORT] if BARS in plot.remark else []
        brief, briefest = ("  ".join(each) for each in (words + bars, words))
        return Text(brief if cell_len(brief) <= room else briefest, style.colours.muted)

    def caption(self, above: Text | str, below: Text | None = None) -> None:
        """Set the texts of the frame; where there is little room, without what x is."""
        if self.size.width < _LONG_TITLE:
            style = above.style if isinstance(above, Text) else ""
            above = Text(str(above).replace(BY_SIZE, ""), style)
        super().caption(above, below)

    def action_walk(self, step: int) -> None:
        """Go to the next point by size; from a run without a point, to the first or the last."""
        keys = [point.run.key for point in self._points]
        outside = -1 if step > 0 else len(keys)
        at = (keys.index(self._lit) if self._lit in keys else outside) + step
        if 0 <= at < len(keys):
            self.post_message(self.PointReached(keys[at]))

    def plane(self) -> "Plane | None":
        """Return where the points are drawn; None where there are none."""
        from medtui.charts.cell_names import gutter_of  # these import numpy
        from medtui.charts.layout import frame_of

        if self.plot is None or not self._points or not self.size:
            return None
        frame = frame_of(self.plot, *self.size)
        return frame.plane(*self.size, gutter_of(self.plot, frame))

    def on_click(self, event: Click) -> None:
        """Go to the nearest point; open its run at a double click."""
        event.prevent_default()  # which would read the values of a curve
        offset, plane = event.get_content_offset(self), self.plane()
        if offset is None or plane is None:
            return

        def distance(point: PicturePoint) -> int:
            row = plane.row(min(max(point.value, plane.low), plane.high))
            across = abs(plane.column(math.log10(point.size)) - offset.x)
            return across + _CELL_HEIGHT * abs(row - offset.y)

        key = min(self._points, key=distance).run.key
        self.post_message(self.PointReached(key) if event.chain == 1 else self.PointOpened(key))

    def action_open(self) -> None:
        """Open the run of the point."""
        if self._lit:
            self.post_message(self.PointOpened(self._lit))
