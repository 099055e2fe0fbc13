"""Draws the screen of a terminal emulator with Pillow."""

from functools import cache
from pathlib import Path

import matplotlib as mpl
import pyte
from PIL import Image, ImageDraw, ImageFont

CELL = (10, 20)
"""Width and height of a cell, in pixels."""

_SIZE = 16
_GROUND, _TEXT = "0e1116", "d5dbe1"
_HALVES = {"▀": (0, 0, 10, 9), "▄": (0, 10, 10, 19), "█": (0, 0, 10, 19), "▌": (0, 0, 4, 19)}
"""Blocks that fill their part of the cell exactly: left, top, right and bottom pixel."""
_FOLDER = Path(mpl.get_data_path()) / "fonts" / "ttf"


def draw_screen(screen: pyte.Screen) -> Image.Image:
    """Return the screen as an RGB image."""
    width, height = CELL
    image = Image.new("RGB", (screen.columns * width, screen.lines * height), f"#{_GROUND}")
    draw = ImageDraw.Draw(image)
    for row in range(screen.lines):
        for column in range(screen.columns):
            _draw_cell(draw, column * width, row * height, screen.buffer[row][column])
    return image


def _draw_cell(draw: ImageDraw.ImageDraw, left: int, top: int, cell: pyte.screens.Char) -> None:
    ink = f"#{_TEXT if cell.fg == 'default' else cell.fg}"
    ground = f"#{_GROUND if cell.bg == 'default' else cell.bg}"
    if cell.reverse:
        ink, ground = ground, ink
    width, height = CELL
    draw.rectangle((left, top, left + width - 1, top + height - 1), fill=ground)
    if part := _HALVES.get(cell.data):
        x0, y0, x1, y1 = part
        draw.rectangle((left + x0, top + y0, left + x1, top + y1), fill=ink)
    elif cell.data.strip():
        font = _font(is_bold=cell.bold, is_braille="\u2800" <= cell.data <= "\u28ff")
        draw.text((left, top), cell.data, fill=ink, font=font)


@cache
def _font(*, is_bold: bool, is_braille: bool) -> ImageFont.FreeTypeFont:
    """Return a font of matplotlib's: its monospaced one has no braille."""
    family = "DejaVuSans" if is_braille else "DejaVuSansMono"
    return ImageFont.truetype(_FOLDER / f"{family}{'-Bold' if is_bold else ''}.ttf", _SIZE)
