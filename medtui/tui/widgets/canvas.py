"""The plane a chart is drawn on: braille dots for curves, characters for everything else.

Drawing is arithmetic on whole curves, so two hundred of them cost milliseconds.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DOTS_WIDE, DOTS_HIGH = 2, 4
"""Dots of a braille character."""

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Unicode's bit of each dot, row by row. Source: Unicode 15, block 2800."""

_BRAILLE = 0x2800


class Canvas:
    """Cells of a plane whose both axes run from 0 to 1, y upwards."""

    def __init__(self, columns: int, rows: int) -> None:
        import numpy as np  # drawn charts alone need it, and it costs a tenth of a second

        self.columns, self.rows = columns, rows
        self._dots = np.zeros((rows * DOTS_HIGH, columns * DOTS_WIDE), bool)
        self._ink = np.full((rows, columns), -1, np.int16)
        self._styles: list[Style] = []
        self._letters: list[str] = []
        self._marks: dict[tuple[int, int], tuple[str, Style]] = {}

    def curve(
        self, xs: "NDArray[np.float64]", ys: "NDArray[np.float64]", style: Style, letter: str = ""
    ) -> None:
        """Join points by a line; x ascends, y stops at the edges. `letter` replaces braille."""
        import numpy as np

        high, wide = self._dots.shape
        across, down = xs * (wide - 1), (1 - np.clip(ys, 0, 1)) * (high - 1)
        is_inside = (across > -1) & (across < wide)
        first = max(0, int(np.ceil(across[0] - 0.5)))
        last = min(wide - 1, int(np.floor(across[-1] + 0.5)))
        if last < first:
            return
        at = np.arange(first, last + 1)
        level = np.interp(at, across, down)
        top, bottom = level.copy(), level.copy()
        nearest = np.clip(np.rint(across[is_inside]).astype(int) - first, 0, len(at) - 1)
        np.minimum.at(top, nearest, down[is_inside])
        np.maximum.at(bottom, nearest, down[is_inside])
        between = (level[1:] + level[:-1]) / 2
        for side in (slice(None, -1), slice(1, None)):
            top[side] = np.minimum(top[side], between)
            bottom[side] = np.maximum(bottom[side], between)
        top, bottom = np.rint(top).astype(int), np.rint(bottom).astype(int)
        dots = np.arange(high)[:, None]
        self._dots[:, first : last + 1] |= (dots >= top) & (dots <= bottom)
        cells = np.arange(self.rows)[:, None]
        touched = (cells >= top // DOTS_HIGH) & (cells <= bottom // DOTS_HIGH)
        rows, places = np.nonzero(touched)
        self._ink[rows, at[places] // DOTS_WIDE] = len(self._styles)
        self._styles.append(style)
        self._letters.append(letter)

    def mark(self, x: float, y: float, text: str, style: Style, *, is_above: bool = True) -> None:
        """Write characters from a place on; `is_above` lets them hide what is there already."""
        if not (0 <= x <= 1 and 0 <= y <= 1):
            return
        row = min(self.rows - 1, int((1 - y) * self.rows))
        column = min(self.columns - len(text), int(x * self.columns))
        for at, letter in enumerate(text):
            place = (row, max(0, column) + at)
            is_free = place not in self._marks and (
                place[1] < self.columns and self._ink[place] < 0
            )
            if is_above or is_free:
                self._marks[place] = (letter, style)

    def lines(self) -> Iterator[Text]:
        """Give the rows from the top, each as wide as the canvas."""
        import numpy as np

        cells = self._dots.reshape(self.rows, DOTS_HIGH, self.columns, DOTS_WIDE)
        codes = np.einsum("rhcw,hw->rc", cells.astype(np.int32), np.array(_BITS, np.int32))
        for row in range(self.rows):
            yield _joined([
                self._marks.get((row, column)) or self._cell(row, column, int(code))
                for column, code in enumerate(codes[row])
            ])  # fmt: skip

    def _cell(self, row: int, column: int, code: int) -> tuple[str, Style]:
        if not code:
            return " ", Style.null()
        ink = int(self._ink[row, column])
        return self._letters[ink] or chr(_BRAILLE + code), self._styles[ink]


def _joined(cells: Sequence[tuple[str, Style]]) -> Text:
    """Give one text with as few spans as there are stretches of one style."""
    text, pending, current = Text(), "", Style.null()
    for letter, style in cells:
        if style != current and pending:
            text.append(pending, current)
            pending = ""
        current = style
        pending += letter
    text.append(pending, current)
    return text
