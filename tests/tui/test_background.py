"""Light or dark, as the terminal answers."""

import codecs
import os
import pty
import threading
from collections.abc import Iterator

import pytest

from medtui.tui import background
from medtui.tui.background import AnswerDropper, Question, is_light, luminance_of

TERMINAL = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("answer", "luminance"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;c", 1.0),
        (b"\x1b]11;rgb:00/00/00\x07", 0.0),
        (b"\x1b]11;rgba:8000/8000/8000/ffff\x07", 0.5),
        (b"\x1b[?6c", None),
        (b"", None),
        (b"\x1b]11;red\x07", None),
    ],
)
def test_answers_are_read(answer: bytes, luminance: float | None) -> None:
    """Two or four digits for each colour, with or without its opacity; else nothing is known."""
    found = luminance_of(answer)
    assert found == (luminance if luminance is None else pytest.approx(luminance, abs=0.01))


def test_the_answer_comes_before_the_environment() -> None:
    """Without both, the background is dark."""
    assert is_light({"COLORFGBG": "15;0"}, 0.9)
    assert not is_light({"COLORFGBG": "0;15"}, 0.1)
    assert is_light({"COLORFGBG": "0;15"}, None)
    assert is_light({"COLORFGBG": "0;default;7"}, None)
    assert not is_light({"COLORFGBG": "15;0"}, None)
    assert not is_light({}, None)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return the far end of a terminal that takes the place of the controlling one."""
    far, near = pty.openpty()
    opened = os.open
    name = os.ttyname(near)
    monkeypatch.setattr(background.os, "open", lambda _path, flags: opened(name, flags))
    yield far
    os.close(far)
    os.close(near)


def _answering(far: int, answer: bytes) -> threading.Thread:
    def answer_it() -> None:
        os.read(far, 100)
        os.write(far, answer)

    thread = threading.Thread(target=answer_it)
    thread.start()
    return thread


def test_a_terminal_is_asked(terminal: int) -> None:
    """Nothing of the answer is echoed, and the terminal's mode is as it was."""
    thread = _answering(terminal, b"\x1b]11;rgb:fbfb/fcfc/fdfd\x1b\\\x1b[?62;22c")
    assert Question(TERMINAL, patience_s=30).luminance() == pytest.approx(0.99, abs=0.01)
    thread.join()
    os.set_blocking(terminal, False)
    with pytest.raises(BlockingIOError):
        os.read(terminal, 100)


def test_a_terminal_without_the_colour_answers_with_the_end_mark_alone(terminal: int) -> None:
    """No waiting is needed to know."""
    thread = _answering(terminal, b"\x1b[?6c")
    assert Question(TERMINAL, patience_s=30).luminance() is None
    thread.join()


def test_a_silent_terminal_is_not_waited_for(
    terminal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it answers later is dropped."""
    dropped = []
    monkeypatch.setattr(background, "_drop_late_answers", lambda: dropped.append(1))
    assert Question(TERMINAL, patience_s=0.01).luminance() is None
    assert dropped == [1]


@pytest.mark.parametrize("name", ["dumb", "linux", "vt100"])
def test_terminals_that_would_show_the_question_are_not_asked(name: str) -> None:
    """They are dark."""
    assert Question({"TERM": name}).luminance() is None


def test_late_answers_are_no_keys() -> None:
    """Also where they come in pieces; keys before and after them stay."""
    decoder = AnswerDropper(codecs.getincrementaldecoder("utf-8")())
    text = decoder.decode(b"a\x1b]11;rgb:ff") + decoder.decode(b"/ff/ff\x1b\\\x1b[?62;cb")
    assert text == "ab"
    assert decoder.decode(b"\x1b[A") == "\x1b[A"
    assert decoder.decode(b"\x1b") == "\x1b"
