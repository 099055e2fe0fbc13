"""Asks the terminal whether its background is light, before the application starts.

Textual does not ask. OSC 11 asks for the colour, and DA1, which every terminal answers, marks the
end: a terminal that does not know OSC 11 costs no waiting.
"""

import codecs
import os
import re
import select
import termios
import time
import tty
from collections.abc import Callable, Mapping

PATIENCE_S = 0.3
"""How long the answer may take, seconds: more than a round trip of a slow line is not waited."""

_QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
_COLOUR = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_END = re.compile(rb"\x1b\[\?[0-9;]*c")

_LATE = re.compile("\x1b\\]11;[^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b\\[\\?[0-9;]*c")
"""An answer that comes after the application has started; it is no key."""

_UNASKED = ("dumb", "linux", "vt")
"""Begin the names of terminals that are dark, and may show the question as text."""

_LIGHT = 0.5
"""Luminance from which a background is light, 0 to 1."""

_LIGHT_COLOURS = {"7", "15"}
"""White and light grey among the 16 colours of `COLORFGBG`."""


def is_light(environment: Mapping[str, str], luminance: float | None) -> bool:
    """Return whether the background is light: as answered, else by `COLORFGBG`, else dark."""
    if luminance is not None:
        return luminance >= _LIGHT
    return environment.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_COLOURS


def luminance_of(answer: bytes) -> float | None:
    """Return the luminance in an answer to OSC 11, 0 to 1; None where it has no colour."""
    found = _COLOUR.search(answer)
    if found is None:
        return None
    red, green, blue = (int(each, 16) / int("f" * len(each), 16) for each in found.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Question:
    """The question to the terminal: asked when it is made, its answer read later.

    Between the two the application is imported, so that a slow line costs little time.
    """

    def __init__(self, environment: Mapping[str, str], patience_s: float = PATIENCE_S) -> None:
        self._until = time.monotonic() + patience_s
        self._descriptor: int | None = None
        if not environment.get("TERM", "dumb").startswith(_UNASKED):
            self._ask()

    def luminance(self) -> float | None:
        """Return the background's luminance as answered; None where it was not in time.

        The terminal's mode is as it was before.
        """
        if self._descriptor is None:
            return None
        try:
            answer = _read_answer(self._descriptor, self._until)
        except OSError:
            answer = b""
        finally:
            self._close()
        if _END.search(answer) is None:
            _drop_late_answers()
        return luminance_of(answer)

    def _ask(self) -> None:
        try:
            descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return  # no terminal
        try:
            self._before = termios.tcgetattr(descriptor)
            tty.setcbreak(descriptor, termios.TCSANOW)  # no echo: the answer must not be seen
            os.write(descriptor, _QUESTION)
        except (OSError, termios.error):
            os.close(descriptor)
        else:
            self._descriptor = descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)
            os.close(self._descriptor)


def _read_answer(descriptor: int, until: float) -> bytes:
    """Read up to the end mark, or as long as there is patience."""
    answer = b""
    while _END.search(answer) is None and (left := until - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            chunk = os.read(descriptor, 1024)
            if not chunk:
                break
            answer += chunk
    return answer


def _drop_late_answers() -> None:
    """Take the answer out of what the keyboard sends, whenever it comes."""
    from textual.drivers import linux_driver

    decoder_of = vars(linux_driver)["getincrementaldecoder"]

    def dropping(encoding: str) -> "Callable[[], codecs.IncrementalDecoder]":
        return lambda: AnswerDropper(decoder_of(encoding)())

    setattr(linux_driver, "getincrementaldecoder", dropping)  # noqa: B010 - its only way in


class AnswerDropper(codecs.IncrementalDecoder):
    """Decodes what another decoder does, without the terminal's answers."""

    def __init__(self, decoder: codecs.IncrementalDecoder) -> None:
        super().__init__()
        self._decoder = decoder
        self._kept = ""
        """The beginning of an answer whose end has not come."""

    def decode(self, data: bytes, final: bool = False) -> str:  # type: ignore[override]
        """Return the text of these bytes; the beginning of an answer is kept back."""
        text = _LATE.sub("", self._kept + self._decoder.decode(data, final))
        start = text.rfind("\x1b]11;")
        self._kept = text[start:] if start >= 0 and not final else ""
        return text[:start] if self._kept else text
