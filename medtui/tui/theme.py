"""The application's two themes, made of the palette."""

from textual.theme import Theme

from medtui.charts.palette import BLUE, DARK, LIGHT, ORANGE, SKY, Colours

DARK_THEME = Theme(
    name="medtui-dark",
    primary=SKY,
    secondary="#2FBF95",
    accent=SKY,
    warning=ORANGE,
    error="#F0743E",
    success="#2FBF95",
    foreground="#D5DBE1",
    background="#0E1216",
    surface="#141A20",
    panel="#1D252D",
    dark=True,
    variables={"footer-key-foreground": SKY, "border": "#34414D", "border-blurred": "#34414D"},
)

LIGHT_THEME = Theme(
    name="medtui-light",
    primary=BLUE,
    secondary="#00765A",
    accent=BLUE,
    warning="#9A6700",
    error="#B84400",
    success="#00765A",
    foreground="#22282E",
    background="#FAFBFC",
    surface="#F1F4F6",
    panel="#E4E9ED",
    dark=False,
    variables={"footer-key-foreground": BLUE, "border": "#B9C3CC", "border-blurred": "#B9C3CC"},
)


def colours_of(theme: Theme) -> Colours:
    """Give the colours that are readable on a theme's background."""
    return DARK if theme.dark else LIGHT
