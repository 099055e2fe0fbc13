"""Standard output and error of the command line: no text on them can steer a terminal.

Everything that is printed passes through `PrintableStream`, whatever wrote it and whether or not
a terminal reads it. Only the sequences that erase a line of progress pass it by.
"""

import sys
from collections.abc import Iterable
from typing import TextIO, cast

from medtui.control_characters import escape_controls, one_line

_ERASE_TO_END = "\x1b[K"
"""Erases what an earlier, longer line left at the right."""


class PrintableStream:
    """A text stream that escapes control characters; in all else the stream it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self.unescaped = stream
        """The stream itself."""

    def __getattr__(self, name: str) -> object:
        return getattr(self.unescaped, name)

    def write(self, text: str) -> int:
        """Write the text escaped."""
        self.unescaped.write(escape_controls(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line escaped."""
        for line in lines:
            self.write(line)


def escape_output() -> None:
    """Escape, from now on, what this process writes to standard output and error."""
    sys.stdout, sys.stderr = _escaping(sys.stdout), _escaping(sys.stderr)


def unescaped_stderr() -> TextIO:
    """Return standard error as it takes control sequences."""
    stream: object = sys.stderr
    return stream.unescaped if isinstance(stream, PrintableStream) else sys.stderr


def write_progress(text: str) -> None:
    """Write a line of progress to standard error; on a terminal the next one replaces it."""
    is_terminal = sys.stderr.isatty()
    print(one_line(text), end="" if is_terminal else "\n", file=sys.stderr, flush=True)
    if is_terminal:
        _write_control(_ERASE_TO_END + "\r")


def erase_progress() -> None:
    """Erase the line of progress from a terminal."""
    if sys.stderr.isatty():
        _write_control(_ERASE_TO_END)


def _write_control(sequence: str) -> None:
    stream = unescaped_stderr()
    stream.write(sequence)
    stream.flush()


def _escaping(stream: TextIO) -> TextIO:
    is_wrapped = isinstance(cast("object", stream), PrintableStream)
    return stream if is_wrapped else cast("TextIO", PrintableStream(stream))
