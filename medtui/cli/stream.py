"""Standard output and error of the command line: no text on them can steer a terminal.

Everything that is printed passes through `PrintableStream`, whatever wrote it and whether or not
a terminal reads it. Only the sequences that erase a line of progress pass it by.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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
        with self._named_errors():
            self.unescaped.write(escape_controls(text))
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        with self._named_errors():
            self.unescaped.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line escaped."""
        for line in lines:
            self.write(line)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Name the stream in errors of the system, which name no file here."""
        try:
            yield
        except OSError as error:
            if error.filename is None:
                error.filename = self.unescaped.name.strip("<>")
            raise


def escape_output() -> None:
    """Escape, from now on, what this process writes to standard output and error.

    A stream that the caller has closed takes everything and keeps nothing.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The encoding may lack a character of a name.
            stream.reconfigure(errors="backslashreplace")
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


def abandon_stdout() -> None:
    """Redirect standard output to the null device: Python's flush at exit must not fail again."""
    stream = sys.stdout
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def optional_output(what: str) -> Iterator[None]:
    """Go on where the block cannot write standard output: no study has failed because of it.

    A closed pipe raises as elsewhere; any other failure is reported on standard error, where `what`
    names what is missing.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        reason = error.strerror or str(error)
        print(f"medtui: {what} could not be written to standard output: {reason}.", file=sys.stderr)


def _escaping(stream: TextIO | None) -> TextIO:
    if stream is None:
        stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the end
    is_wrapped = isinstance(cast("object", stream), PrintableStream)
    return stream if is_wrapped else cast("TextIO", PrintableStream(stream))
