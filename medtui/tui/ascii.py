"""`--ascii`: every character that reaches the terminal is ASCII, whichever widget drew it."""

from collections.abc import Mapping

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_TABLE = {
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*#@", strict=True)),
    **dict.fromkeys("─╌╴╶╸╺▔", "-"),
    **dict.fromkeys("┄┈", "."),
    **dict.fromkeys("━═", "="),
    **dict.fromkeys("│┃╎┆║▌▐▏▎▍▕", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝┏┓┗┛╞╡", "+"),
    **dict.fromkeys("▀▋▊▉▛▜▙▟", "#"),
    **dict.fromkeys("…·•⋅", "."),
    **dict.fromkeys("▸›▶→»", ">"),
    **dict.fromkeys("◂‹◀←«", "<"),
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‘’", "'"),
    "●": "*", "◌": "w", "◍": "z", "✓": "v", "■": "#", "✗": "x", "⚠": "!", "×": "x", "±": "~",
    "┊": "!", "Δ": "d", "µ": "u", "↑": "^", "▲": "^", "↓": "v", "▼": "v", "⏎": "<", "°": "o",
    "²": "2", "≥": ">", "≤": "<", "□": ".", "▪": "+", "◆": "#", "◇": "@", "★": "*", "⇥": ">",
    "≡": "=", "⇧": "^", "⌫": "<", "⭘": "o", "○": "0", "\u00a0": " ",
}  # fmt: skip

_translation = str.maketrans(_TABLE)

_TERMINALS = ("dumb", "linux", "vt")
"""Begin the names of terminals without the characters of charts and frames."""


def needs_ascii(environment: Mapping[str, str]) -> bool:
    """Return whether a terminal can show ASCII only, by its locale and its name.

    Python has set `LC_CTYPE` to UTF-8 where no locale was chosen.
    """
    names = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next(filter(None, names), "UTF-8").lower().replace("-", "")
    return "utf8" not in locale or environment.get("TERM", "").startswith(_TERMINALS)


def to_ascii(text: str) -> str:
    """Return text of the same width in ASCII; a character without a likeness becomes `?`."""
    if text.isascii():
        return text
    return text.translate(_translation).encode("ascii", "replace").decode()


class AsciiFilter(LineFilter):
    """Translates every line on its way to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the filter's signature
        """Return the same segments in ASCII."""
        return [
            Segment(to_ascii(text), style, control) if not control else segment
            for segment in segments
            for text, style, control in (segment,)
        ]
