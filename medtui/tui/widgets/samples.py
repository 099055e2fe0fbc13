"""Images in a terminal: beside each other, two pixels to a cell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from medtui.tui.colours import Colours

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 16
"""Side at which images are drawn, in pixels."""

_GAP = "  "


def draw_samples(
    samples: Sequence[tuple[str, "NDArray[np.uint8]"]], width: int, colours: Colours
) -> Text:
    """Draw as many images (H, W, C) as fit into `width` cells, each under its label."""
    shown = samples[: max(1, width // (SIDE + len(_GAP)))]
    text = Text("\n")
    text.append(_GAP.join(label[:SIDE].ljust(SIDE) for label, _ in shown), colours.muted)
    pictures = [_small(image_HWC) for _, image_HWC in shown]
    for row in range(0, SIDE - 1, 2):
        text.append("\n")
        for picture in pictures:
            for above, below in zip(picture[row], picture[row + 1], strict=True):
                text.append("▀", style=f"rgb({_rgb(above)}) on rgb({_rgb(below)})")
            text.append(_GAP)
    return text


def _small(image_HWC: "NDArray[np.uint8]") -> list[list[list[int]]]:
    """Give rows of red, green, blue."""
    import numpy as np
    from PIL import Image

    is_grey = image_HWC.shape[-1] == 1
    picture = Image.fromarray(image_HWC[..., 0] if is_grey else image_HWC).convert("RGB")
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    rows: list[list[list[int]]] = np.asarray(small).tolist()
    return rows


def _rgb(colour: Sequence[int]) -> str:
    return ",".join(map(str, colour))
