"""Thumbnails of the images whose answer changed, each above its probability before and after."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from medtui.analysis.changed_images import ChangedImage
from medtui.charts.palette import Colours
from medtui.tui.compare.subgroup_text import caption_lines
from medtui.tui.widgets.image_strip import GAP, draw_pictures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE, LARGE_SIDE = 16, 32
"""Cells across one thumbnail; it is half as many rows high. Large ones are drawn where all fit."""

_LINES = 3
"""Lines of a caption at most."""

_BELOW = 4
"""Rows of a caption and of the blank line below it."""

_READING = "reading the images …"

Pictures = Mapping[str, "NDArray[np.uint8]"]


def side_of(count: int, width: int, height: int) -> int:
    """Return the side of so many thumbnails: large where a pane has room for all of them."""
    across, rows = _grid_of(LARGE_SIDE, width, height)
    return LARGE_SIDE if count <= across * rows else SIDE


def _grid_of(side: int, width: int, height: int) -> tuple[int, int]:
    """Return how many whole thumbnails of a side fit beside each other, and below."""
    return (width + len(GAP)) // (side + len(GAP)), (height + 1) // (side // 2 + _BELOW)


def draw_changed(
    changed: Sequence[ChangedImage],
    pictures: Pictures,
    width: int,
    height: int,
    colours: Colours,
    *,
    problem: str = "",
    is_reading: bool = False,
) -> Text:
    """Return as many images as fit; without pictures a list, and why there are none yet."""
    if not changed:
        return Text("No answer about these images changed.", style=colours.muted)
    shown = [each for each in changed if each.name in pictures]
    if not shown:
        why = f"Images are not there: {problem}" if problem else ""
        return _draw_list(changed, width, height, colours, _READING if is_reading else why)
    side = side_of(len(changed), width, height)
    across, rows = (max(1, each) for each in _grid_of(side, width, height))
    lines = max(1, min(_LINES, height - side // 2))
    text = Text(no_wrap=True)
    for first in range(0, min(len(shown), across * rows), across):
        if first:
            text.append("\n\n")
        row = shown[first : first + across]
        text.append_text(_draw_row(row, pictures, colours, lines, side))
    return text


def _draw_row(
    row: Sequence[ChangedImage], pictures: Pictures, colours: Colours, num_lines: int, side: int
) -> Text:
    from medtui.datasets.preview import preview_of  # numpy and Pillow wait until they are needed

    drawn = Text()
    draw_pictures(drawn, [preview_of(pictures[each.name], side) for each in row])
    text = drawn[1:]  # without the line break that begins each row of pictures
    captions = [caption_lines(each, colours, side, num_lines) for each in row]
    for lines in zip(*captions, strict=True):
        text.append("\n")
        for line in lines:
            text.append_text(line)
            text.append(" " * (side + len(GAP) - line.cell_len))
    return text


def _draw_list(
    changed: Sequence[ChangedImage], width: int, height: int, colours: Colours, why: str
) -> Text:
    """Return one line per image, and why they are not drawn."""
    text = Text(no_wrap=True, overflow="ellipsis")
    if why:
        text.append(f"{why}\n\n", style=colours.muted)
    names = max(len(each.name) for each in changed[:height])
    for each in changed[: max(1, height - (3 if why else 0))]:
        about, probability, kind = caption_lines(each, colours, SIDE, _LINES)
        text.append(f"{each.name:<{min(names, max(8, width - 50))}}  ")
        text.append(f"{about.plain:<{SIDE}}  ")
        text.append_text(probability)
        text.append("  ")
        text.append_text(kind)
        text.append("\n")
    return text
