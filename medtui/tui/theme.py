"""The application's two themes, built from the palette."""

from textual.theme import Theme

from medtui.charts.palette import DARK, LIGHT, Colours

DARK_THEME = Theme(
    name="medtui-dark",
    primary=DARK.accent,
    secondary=DARK.good,
    accent=DARK.accent,
    warning=DARK.warning,
    error=DARK.states["failed"],
    success=DARK.good,
    foreground="#D5DBE1",
    background="#0E1216",
    surface="#141A20",
    panel="#1D252D",
    dark=True,
    variables={
        "footer-key-foreground": DARK.accent,
        "border": "#34414D",
        "border-blurred": "#34414D",
    },
)

LIGHT_THEME = Theme(
    name="medtui-light",
    primary=LIGHT.accent,
    secondary=LIGHT.good,
    accent=LIGHT.accent,
    warning=LIGHT.warning,
    error=LIGHT.states["failed"],
    success=LIGHT.good,
    foreground="#22282E",
    background="#FAFBFC",
    surface="#F1F4F6",
    panel="#E4E9ED",
    dark=False,
    variables={
        "footer-key-foreground": LIGHT.accent,
        "border": "#B9C3CC",
        "border-blurred": "#B9C3CC",
    },
)


def colours_of(theme: Theme) -> Colours:
    """Return the colours that are readable on a theme's background."""
    return DARK if theme.dark else LIGHT
