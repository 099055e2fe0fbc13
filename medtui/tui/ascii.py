"""`--ascii`: every character that reaches the terminal is ASCII, whichever widget drew it."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_TABLE = {
    **dict.fromkeys("─╌┄┈╴╶╸╺▔▁▂▃", "-"),
    **dict.fromkeys("━═", "="),
    **dict.fromkeys("│┃╎┆┊║▌▐▏▎▍▕", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝┏┓┗┛╞╡", "+"),
    **dict.fromkeys("█▄▀▆▇▅▋▊▉▛▜▙▟", "#"),
    **dict.fromkeys("…·•⋅", "."),
    **dict.fromkeys("▸›▶→»", ">"),
    **dict.fromkeys("◂‹◀←«", "<"),
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‘’", "'"),
    "●": "*", "✓": "+", "■": "=", "✗": "x", "⚠": "!", "×": "x", "±": "~", "Δ": "d", "µ": "u",
    "↑": "^", "▲": "^", "↓": "v", "▼": "v", "⏎": "<", "°": "o", "²": "2", "≥": ">", "≤": "<",
    "□": ".", "▪": "=", "◆": "#", "◇": "@", "★": "*", "⇥": ">", "⭘": "o", "○": "o", "\u00a0": " ",
}  # fmt: skip

_translation = str.maketrans(_TABLE)


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
