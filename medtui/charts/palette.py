"""Which colour means what. Okabe and Ito's palette, which the colour-blind can tell apart.

Source: Okabe and Ito, "Color Universal Design", 2008. Colour never stands alone: a state has its
word and its mark, a series its letter.
"""

from dataclasses import dataclass

from medtui.runs.status import Status

BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILLION, PURPLE, YELLOW = "#E69F00", "#D55E00", "#CC79A7", "#F0E442"

MARKS: dict[Status, str] = {
    "running": "●",
    "finished": "✓",
    "stopped": "■",
    "failed": "✗",
    "crashed": "?",
    "queued": "·",
}
"""A state's mark; the word stands beside it."""


@dataclass(frozen=True)
class Colours:
    """The colours of everything that is not plain text, on one background."""

    series: tuple[str, ...]
    """By a series' place in its plot."""
    states: dict[Status, str]
    muted: str
    """Axes, units, what is only said in passing."""
    strong: str
    """Text that is to be read first."""
    warning: str
    good: str
    accent: str


DARK = Colours(
    series=(SKY, ORANGE, GREEN, PURPLE, YELLOW, VERMILLION, "#7A9FD4", "#B0B0B0"),
    states={
        "running": SKY,
        "finished": "#2FBF95",
        "stopped": ORANGE,
        "failed": "#F0743E",
        "crashed": PURPLE,
        "queued": "#8A94A0",
    },
    muted="#8A94A0",
    strong="#F2F5F7",
    warning=ORANGE,
    good="#2FBF95",
    accent=SKY,
)

LIGHT = Colours(
    series=(BLUE, VERMILLION, GREEN, "#A8487E", "#8A6D00", "#B07800", "#3B4CC0", "#606060"),
    states={
        "running": BLUE,
        "finished": "#00765A",
        "stopped": "#9A6700",
        "failed": "#B84400",
        "crashed": "#9C3D74",
        "queued": "#66707A",
    },
    muted="#66707A",
    strong="#101418",
    warning="#9A6700",
    good="#00765A",
    accent=BLUE,
)
