"""The palette: one hue a place in every variant, readable on its ground."""

import colorsys
from itertools import combinations

import pytest

from medtui.charts.palette import DARK, LIGHT, PAPER, Colours

GROUNDS = {"dark": (DARK, "#0E1216", 4.5), "light": (LIGHT, "#FAFBFC", 4.5),
           "paper": (PAPER, "#FFFFFF", 2.9)}  # fmt: skip
"""A variant, the ground it stands on, and the contrast that its curves or its text need."""


def channels(colour: str) -> tuple[float, ...]:
    """Return red, green and blue from 0 to 1."""
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def luminance(colour: str) -> float:
    """Return the relative luminance. Source: WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21. Source: WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", GROUNDS)
def test_every_run_can_be_read_on_its_ground(name: str) -> None:
    """Text needs a contrast of 4.5, a curve on paper about 3."""
    colours, ground, least = GROUNDS[name]
    assert min(contrast(colour, ground) for colour in colours.series) >= least
    roles = (colours.strong, colours.muted, colours.good, colours.odd, colours.warning,
             colours.accent)  # fmt: skip
    assert min(contrast(colour, ground) for colour in roles) >= least


@pytest.mark.parametrize("other", [LIGHT, PAPER], ids=["light", "paper"])
def test_a_place_has_the_same_hue_in_every_variant(other: Colours) -> None:
    """A run that is orange on a dark screen is not green on paper."""
    assert len(other.series) == len(DARK.series)
    for one, two in zip(DARK.series, other.series, strict=True):
        hues = [colorsys.rgb_to_hls(*channels(colour)) for colour in (one, two)]
        if min(saturation for *_, saturation in hues) < 0.1:
            assert max(saturation for *_, saturation in hues) < 0.1
            continue
        turn = abs(hues[0][0] - hues[1][0])
        assert min(turn, 1 - turn) < 0.08, (one, two)


@pytest.mark.parametrize("colours", [DARK, LIGHT, PAPER], ids=["dark", "light", "paper"])
def test_no_two_places_look_alike(colours: Colours) -> None:
    """Runs of one study are told apart by colour as long as there are colours."""
    for one, two in combinations(colours.series, 2):
        apart = sum(abs(a - b) for a, b in zip(channels(one), channels(two), strict=True))
        assert apart > 0.2, (one, two)
