"""The meaning of colours: one palette in three variants, for dark and light screens and for paper.

Source: Okabe and Ito, "Color Universal Design", 2008, which the colour-blind can tell apart. Each
place of the palette has the same hue in every variant, lighter or darker as the ground demands, so
that a run keeps its colour from the screen to the report. Colour is never the only cue: a state has
its word and its mark, a series its letter.
"""

from dataclasses import dataclass
from typing import Literal

from medtui.runs.status import Status

BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILLION, PURPLE, YELLOW = "#E69F00", "#D55E00", "#CC79A7", "#F0E442"

Role = Literal["strong", "muted", "accent", "good", "warning", "odd", "bad", "faint"]
"""A colour by its meaning, for series that are not runs."""

Tint = int | Role
"""A run's place in the palette, or a role."""

MARKS: dict[Status, str] = {
    "running": "●",
    "finished": "✓",
    "stopped": "■",
    "failed": "✗",
    "crashed": "?",
    "silent": "◍",
    "queued": "·",
    "waiting": "◌",
}
"""A state's mark, shown before its word."""


@dataclass(frozen=True)
class Colours:
    """The colours of everything that is not plain text, on one background."""

    series: tuple[str, ...]
    """By a run's place."""
    states: dict[Status, str]
    muted: str
    """Axes, units, secondary text."""
    strong: str
    """Emphasised text."""
    warning: str
    good: str
    accent: str
    odd: str
    """Unusual, but not an error: crashed and silent runs, low-fidelity samples."""
    bad: str
    """Worse, failed, lost answers, the margin's edge."""
    text: str
    """What is read."""
    faint: str
    """Never text that matters: grids, other people's GPUs."""
    frame: str
    ground: str
    """The background."""
    bar: str
    """Background of title and footer."""
    cursor: str
    """Background of the row under the cursor."""
    field: str
    """Background of what one types into."""
    band: str
    """Background inside the margin."""
    off: str
    """Background beyond the margin."""
    heat: tuple[str, ...]
    """Backgrounds for shares that are kept, from nothing to all."""

    def of(self, tint: Tint) -> str:
        """Return the colour of a place or a role; more places than colours share them."""
        match tint:
            case int():
                return self.series[tint % len(self.series)]
            case "strong":
                return self.strong
            case "muted":
                return self.muted
            case "accent":
                return self.accent
            case "good":
                return self.good
            case "warning":
                return self.warning
            case "odd":
                return self.odd
            case "bad":
                return self.bad
            case "faint":
                return self.faint


DARK = Colours(
    series=(SKY, ORANGE, "#2FBF95", PURPLE, YELLOW, "#F0743E", "#728DF8", "#B0B0B0"),
    states={
        "running": SKY,
        "finished": "#2FBF95",
        "stopped": ORANGE,
        "failed": "#F0743E",
        "crashed": PURPLE,
        "silent": PURPLE,
        "queued": "#8A94A0",
        "waiting": "#8A94A0",
    },
    muted="#8A94A0",
    strong="#F4F7F9",
    warning=ORANGE,
    good="#2FBF95",
    accent=SKY,
    odd=PURPLE,
    bad="#F0743E",
    text="#D5DBE1",
    faint="#4A555F",
    frame="#323C46",
    ground="#0E1116",
    bar="#1A2129",
    cursor="#172D3D",
    field="#1B232C",
    band="#13303A",
    off="#2A1A16",
    heat=(
        "#3B2410", "#173A4A", "#1D566E", "#257395", "#3A93BD", "#56B4E9", "#9AD3F2", "#D6EEFB",
    ),
)  # fmt: skip

LIGHT = Colours(
    series=(
        "#00659E", "#8F5A00", "#006E54", "#9C3D74", "#610505", "#AD4000", "#3B4CC0", "#606060",
    ),
    states={
        "running": "#00659E",
        "finished": "#006E54",
        "stopped": "#865900",
        "failed": "#AD4000",
        "crashed": "#9C3D74",
        "silent": "#9C3D74",
        "queued": "#59636D",
        "waiting": "#59636D",
    },
    muted="#59636D",
    strong="#0B0E11",
    warning="#865900",
    good="#006E54",
    accent="#00659E",
    odd="#9C3D74",
    bad="#AD4000",
    text="#262C32",
    faint="#AEB7BF",
    frame="#C6CED5",
    ground="#FBFCFD",
    bar="#E8ECEF",
    cursor="#DDEBF5",
    field="#E9EEF2",
    band="#E0F0EB",
    off="#FBE6DC",
    heat=(
        "#F6DDBF", "#D6E9F5", "#B5D8EE", "#8FC4E4", "#62ABD6", "#2F8DC4", "#0072B2", "#004F7C",
    ),
)  # fmt: skip

PAPER = Colours(
    series=(BLUE, "#D08000", GREEN, "#C2679A", "#878500", "#C44E00", "#5F78CC", "#808080"),
    states={
        "running": BLUE,
        "finished": GREEN,
        "stopped": "#D08000",
        "failed": "#C44E00",
        "crashed": "#C2679A",
        "silent": "#C2679A",
        "queued": "#808080",
        "waiting": "#808080",
    },
    muted="#808080",
    strong="#111213",
    warning="#D08000",
    good=GREEN,
    accent=BLUE,
    odd="#C2679A",
    bad="#C44E00",
    text="#262C32",
    faint="#D1D2D3",
    frame="#D1D2D3",
    ground="#FFFFFF",
    bar="#FFFFFF",
    cursor="#FFFFFF",
    field="#FFFFFF",
    band="#E0F0EB",
    off="#FBE6DC",
    heat=LIGHT.heat,
)
"""For files: readable on white paper, and on the light and the dark form of the report's page.

Only `strong` is not: the page replaces it by the colour of its own text.
"""
