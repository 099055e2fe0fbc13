"""The pictures of the documentation are drawn from a terminal emulator."""

import pytest

pyte = pytest.importorskip("pyte", reason="an extra of the documentation")

from docs.recording.screen_image import CELL, draw_screen  # noqa: E402 - needs pyte


def test_cells_have_their_colours_and_blocks_fill_them() -> None:
    """A half block is exactly half of its cell, in the colour of the text."""
    screen = pyte.Screen(4, 2)
    pyte.Stream(screen).feed("\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀")
    image = draw_screen(screen)
    width, height = CELL
    assert image.size == (4 * width, 2 * height)
    assert {image.getpixel((x, 0)) for x in range(width)} == {(255, 0, 0)}
    assert {image.getpixel((x, height - 1)) for x in range(width)} == {(0, 0, 255)}
    assert image.getpixel((width, 0)) == image.getpixel((width, 2 * height - 1))


def test_letters_are_drawn_with_fonts_that_have_them() -> None:
    """Also braille, which the monospaced font lacks."""
    for letter in "A\u2889★◆✓":
        screen = pyte.Screen(1, 1)
        pyte.Stream(screen).feed(letter)
        assert len(draw_screen(screen).getcolors() or ()) > 1, letter
