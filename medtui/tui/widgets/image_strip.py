"""Images in a terminal, beside each other, two pixels per cell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.protocol.dataset import RgbRows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GAP = "  "
"""Separator of images."""


def draw_samples(
    samples: Sequence[tuple[str, "NDArray[np.uint8]"]], width: int, colours: Colours
) -> Text:
    """Draw as many images (H, W, C) as fit into `width` cells, each under its label."""
    from medtui.datasets.preview import PREVIEW_SIDE, preview_of  # numpy waits until it is needed

    shown = samples[: max(1, width // (PREVIEW_SIDE + len(GAP)))]
    text = Text("\n")
    labels = (label[:PREVIEW_SIDE].ljust(PREVIEW_SIDE) for label, _ in shown)
    text.append(GAP.join(labels), colours.muted)
    draw_pictures(text, [preview_of(image_HWC) for _, image_HWC in shown])
    return text


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
