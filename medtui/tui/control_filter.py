"""Escapes control characters in every line that the application shows.

Textual lays text out before filters see it, and counts a control character as no cell. The
cells that an escape adds are therefore taken from the padding after the text, so that what follows
stays in place; where there is too little padding, the end of the escaped text is cut off.
"""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from medtui.control_characters import one_line

_FILLING = " ─"
"""What pads a line after text: blanks, and the border after a title."""


class ControlFilter(LineFilter):
    """Escapes every line on its way to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the filter's signature
        """Return segments of the same width without control characters."""
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments
        return _escape(segments)


def _escape(segments: Sequence[Segment]) -> list[Segment]:
    shown: list[Segment] = []
    grown, excess = 0, 0  # which segment grew, and the cells that are still to be removed
    for segment in segments:
        text, style, control = segment
        if control:
            shown.append(segment)
            continue
        escaped = one_line(text)
        num_filling = len(escaped) - len(escaped.rstrip(_FILLING))
        if num_filling < len(escaped):  # other text begins, and it must not move
            _cut(shown, grown, excess)
            grown, excess = len(shown), cell_len(escaped) - cell_len(text)
        num_taken = max(0, min(excess, num_filling - 1))
        excess -= num_taken
        shown.append(Segment(escaped[: len(escaped) - num_taken], style))
    _cut(shown, grown, excess)
    return shown


def _cut(shown: list[Segment], at: int, excess: int) -> None:
    """Take cells from the end of a segment's text."""
    if excess:
        text, style, _ = shown[at]
        shown[at] = Segment(set_cell_size(text, cell_len(text) - excess), style)
