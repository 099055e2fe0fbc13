"""Control characters in text that others wrote: escaped before the text reaches a terminal.

Names, notes, logs and file contents come from anyone. An escape sequence in them could set the
clipboard, retitle the window or hide text, and a bidirectional override could reorder it. `cli`
and `tui` pass everything that they write through here; any module may use it.
"""

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 without tab and newline, DEL, C1, bidirectional overrides and isolates, and surrogates.

Surrogates stand for the bytes of a file name that is not UTF-8; no stream can encode them.
"""

_TO_SPACE = str.maketrans("\t\n\v\f\r", "     ")


def escape_controls(text: str) -> str:
    r"""Return text in which every control character but tab and newline is written as `\u001b`.

    JSON reads this form back as the same character, so JSON stays valid and loses nothing.
    """
    return text if text.isprintable() else _CONTROL.sub(_escape, text)


def one_line(text: str) -> str:
    """Return text as one line: tabs and line breaks become spaces, other controls are escaped."""
    return text if text.isprintable() else escape_controls(text.translate(_TO_SPACE))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
