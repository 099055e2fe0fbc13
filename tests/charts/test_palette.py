"""The palette's colours can be read on every background that they stand on."""

from itertools import product

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
