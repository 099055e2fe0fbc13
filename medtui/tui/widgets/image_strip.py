"""Images in a terminal, beside each other, two pixels per cell."""

from collections.abc import Sequence

from rich.text import Text

from medtui.protocol.dataset import RgbRows

GAP = "  "
"""Separator of images."""


def draw_pictures(text: Text, pictures: Sequence[RgbRows]) -> None:
    """Append pictures of one size to `text`, beside each other, from a new line on."""
    for row in range(0, len(pictures[0]) - 1, 2):
        text.append("\n")
        for picture in pictures:
            for above, below in zip(picture[row], picture[row + 1], strict=True):
                text.append("▀", style=f"rgb({_rgb(above)}) on rgb({_rgb(below)})")
            text.append(GAP)


def _rgb(colour: tuple[int, int, int]) -> str:
    return ",".join(map(str, colour))
