"""The characters of charts, and their form in ASCII."""

from dataclasses import dataclass

from medtui.charts.plot import LevelRole, Mark, Series


@dataclass(frozen=True)
class Glyphs:
    """One set of characters; each is one cell wide."""

    marks: dict[Mark, str]
    variants: str
    """Marks of runs that share their hue with an earlier one, by variant."""
    kept: str
    levels: dict[LevelRole, str]
    """Of lines along x."""
    upright: dict[LevelRole, str]
    """The same where the chart has rows."""
    band: str
    cursor: str
    interval: tuple[str, str, str]
    """Left end, bar and right end."""
    lit_interval: str
    bar: str
    """Bar from 0."""
    whisker: str
    off_left: str
    off_right: str
    off_below: str
    off_above: str
    axis: str
    ground: str
    corner: str
    tick_left: str
    tick_below: str

    def mark_of(self, series: Series) -> str:
        """Return the mark of a series' points; empty where it has none."""
        if series.mark == "none":
            return ""
        if series.is_hollow:
            return self.marks["val_only"]
        if series.mark == "measured" and 0 < series.variant < len(self.variants):
            return self.variants[series.variant]
        return self.marks[series.mark]


UNICODE = Glyphs(
    marks={"measured": "●", "test": "▪", "val_only": "○"},
    variants="●▲■▼◆",
    kept="★",
    levels={"plain": "╌", "control": "╌", "reference": "┈", "margin": "╌"},
    upright={"plain": "│", "control": "│", "reference": "┊", "margin": "┊"},
    band="·",
    cursor="┊",
    interval=("├", "─", "┤"),
    lit_interval="━",
    bar="━",
    whisker="│",
    off_left="◀",
    off_right="▶",
    off_below="▼",
    off_above="▲",
    axis="│",
    ground="─",
    corner="╰",
    tick_left="┤",
    tick_below="┴",
)

ASCII = Glyphs(
    marks={"measured": "o", "test": "+", "val_only": "0"},
    variants="o^#v%",
    kept="*",
    levels={"plain": "-", "control": "-", "reference": ".", "margin": "-"},
    upright={"plain": "|", "control": "|", "reference": ":", "margin": "!"},
    band=":",
    cursor="|",
    interval=("|", "-", "|"),
    lit_interval="=",
    bar="=",
    whisker="|",
    off_left="<",
    off_right=">",
    off_below="v",
    off_above="^",
    axis="|",
    ground="-",
    corner="+",
    tick_left="+",
    tick_below="+",
)
