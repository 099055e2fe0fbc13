"""The palette's colours can be read on every background that they stand on."""

import math
from itertools import combinations, product

import pytest

from medtui.charts.palette import DARK, LIGHT, Colours

READABLE = 4.5
"""Smallest contrast of text. Source: WCAG 2.2, 1.4.3."""


def _luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
              for each in channels]  # fmt: skip
    return sum(each * weight for each, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


ROLES = ("text", "strong", "muted", "accent", "good", "warning", "bad", "odd")
GROUNDS = ("ground", "bar", "cursor", "field", "band", "off")


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize(("role", "ground"), list(product(ROLES, GROUNDS)))
def test_text_can_be_read(colours: Colours, role: str, ground: str) -> None:
    """Every role that is text, on every background."""
    assert contrast(getattr(colours, role), getattr(colours, ground)) >= READABLE


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_runs_and_states_can_be_read(colours: Colours, ground: str) -> None:
    """Their letters and words have their colour."""
    for colour in (*colours.series, *colours.states.values()):
        assert contrast(colour, getattr(colours, ground)) >= READABLE


def _lab(colour: str) -> tuple[float, float, float]:
    """Return CIE L*a*b* under D65. Source: CIE 15:2004."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
              for each in channels]  # fmt: skip
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (
        _cube_root(sum(a * b for a, b in zip(row, linear, strict=True)) / of)
        for row, of in zip(rows, white, strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _cube_root(ratio: float) -> float:
    return ratio ** (1 / 3) if ratio > 0.008856 else 7.787 * ratio + 16 / 116


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_no_two_runs_have_like_colours(colours: Colours) -> None:
    """Two blues of 14 could not be told apart; 2 is the least difference that can be seen."""
    for one, other in combinations(colours.series, 2):
        assert math.dist(_lab(one), _lab(other)) > 25
