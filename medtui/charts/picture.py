"""Draws a plot as a PNG: smooth curves on a light ground, fit for a paper or a message."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medtui.charts.downsample import clip
from medtui.charts.layout import Frame, frame_of, x_ticks_of, y_ticks_of
from medtui.charts.palette import LIGHT
from medtui.charts.plot import Plot, letter_of
from medtui.charts.style import ChartStyle

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 1600, 900
"""Pixels."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 130, 60, 90, 150
"""Free room around the plane, pixels."""

_FONT, _TITLE_FONT = 28, 36
_COLUMNS, _Y_ROWS = 120, 24
"""As many ticks as a chart of that many cells has; curves keep two points per column."""
_DASH, _DOT = 12, 5
_GROUND = "#FFFFFF"

_STYLE = ChartStyle(LIGHT)


def chart_png(plot: Plot) -> bytes:
    """Give the chart with axes, title and legend, as PNG."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    picture = _Picture(ImageDraw.Draw(image), plot, frame_of(plot, _COLUMNS))
    picture.draw()
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


@dataclass
class _Picture:
    pen: "ImageDraw"
    plot: Plot
    frame: Frame

    def draw(self) -> None:
        """Draw all, what is in front last."""
        self._axes()
        self._levels()
        order = range(len(self.frame.ink))
        for index in sorted(order, key=lambda at: self.plot.series[at].stroke != "faint"):
            self._curve(index)
        self._write(_LEFT, 30, self.plot.title, LIGHT.strong, "lm", _TITLE_FONT)
        self._legend()

    def _place(self, x: float, y: float) -> tuple[float, float]:
        frame = self.frame
        across = (x - frame.left) / (frame.right - frame.left)
        up = (y - frame.low) / (frame.high - frame.low)
        width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
        return _LEFT + across * width, _TOP + (1 - up) * height

    def _axes(self) -> None:
        frame, pen = self.frame, self.pen
        for y, label in zip(*y_ticks_of(self.plot, frame, _Y_ROWS), strict=True):
            (left, at), (right, _) = self._place(frame.left, y), self._place(frame.right, y)
            pen.line([(left, at), (right, at)], fill="#E4E9ED", width=2)
            self._write(left - 14, at, label, LIGHT.muted, "rm")
        for x, label in zip(*x_ticks_of(self.plot, frame), strict=True):
            across, down = self._place(x, frame.low)
            pen.line([(across, down), (across, down + 8)], fill=LIGHT.muted, width=2)
            self._write(across, down + 28, label, LIGHT.muted, "mm")
        corners = [self._place(frame.left, frame.high), self._place(frame.left, frame.low),
                   self._place(frame.right, frame.low)]  # fmt: skip
        pen.line(corners, fill=LIGHT.muted, width=2)
        self._write(corners[2][0], corners[2][1] + 62, self.plot.x_label, LIGHT.muted, "rm")

    def _levels(self) -> None:
        for y in self.frame.levels:
            if y is None:
                continue
            (left, at), (right, _) = (
                self._place(self.frame.left, y), self._place(self.frame.right, y)
            )  # fmt: skip
            for start in range(int(left), int(right), 2 * _DASH):
                self.pen.line([(start, at), (start + _DASH, at)], fill=LIGHT.muted, width=2)

    def _curve(self, index: int) -> None:
        series, segments = self.frame.ink[index]
        is_faint = series.stroke == "faint"
        colour = "#C9D0D6" if is_faint else _STYLE.hue(self.plot, index)
        for segment in segments:
            held = clip(segment, self.frame.low, self.frame.high)
            places = [self._place(x, y) for x, y in held.tolist()]
            if series.stroke == "dots" or len(places) == 1:
                for x, y in places:
                    self.pen.ellipse((x - _DOT, y - _DOT, x + _DOT, y + _DOT), fill=colour)
            else:
                self.pen.line(places, fill=colour, width=2 if is_faint else 4, joint="curve")

    def _legend(self) -> None:
        across, down = float(_LEFT), HEIGHT - 36
        for index, series in enumerate(self.plot.series):
            if series.stroke == "faint" or not series.label:
                continue
            value = series.latest
            said = "" if value is None or series.digits is None else f" {value:.{series.digits}f}"
            text = f"{letter_of(self.plot, index)}  {series.label}{said}"
            across += self._write(across, down, text, _STYLE.hue(self.plot, index), "lm") + 40
        for level in self.plot.levels:
            text = f"- -  {level.label} {level.value:.1f}"
            across += self._write(across, down, text, LIGHT.muted, "lm") + 40
        self._write(across, down, self.plot.remark, LIGHT.muted, "lm")

    def _write(
        self, x: float, y: float, text: str, colour: str, anchor: str, size: int = _FONT
    ) -> float:
        """Write a line; give its width."""
        from PIL import ImageFont

        font = ImageFont.load_default(size)
        self.pen.text((x, y), text, fill=colour, anchor=anchor, font=font)
        return self.pen.textlength(text, font=font)
