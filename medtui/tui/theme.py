"""The application's two themes, built from the palette."""

from collections.abc import Mapping

from textual.theme import Theme

from medtui.charts.palette import DARK, LIGHT, Colours


def _theme(name: str, colours: Colours, *, is_dark: bool) -> Theme:
    """Return a theme of Textual with the palette's colours."""
    return Theme(
        name=name,
        primary=colours.accent,
        secondary=colours.good,
        accent=colours.accent,
        warning=colours.warning,
        error=colours.bad,
        success=colours.good,
        foreground=colours.text,
        background=colours.ground,
        surface=colours.bar,
        panel=colours.bar,
        dark=is_dark,
        variables={
            "footer-key-foreground": colours.accent,
            "border": colours.frame,
            "border-blurred": colours.frame,
            "scrollbar": colours.faint,
            **variables_of(colours),
        },
    )


def variables_of(colours: Colours) -> Mapping[str, str]:
    """Return the variables of style sheets that Textual's themes do not have."""
    return {
        "cursor-row": colours.cursor,
        "field": colours.field,
        "faint": colours.faint,
        "muted": colours.muted,
    }


DARK_THEME = _theme("medtui-dark", DARK, is_dark=True)

LIGHT_THEME = _theme("medtui-light", LIGHT, is_dark=False)


def colours_of(theme: Theme) -> Colours:
    """Return the colours that are readable on a theme's background."""
    return DARK if theme.dark else LIGHT
