"""The application in a real pseudo-terminal: how it leaves."""

import os
import signal
from pathlib import Path

import pytest

from tests.helpers.pseudo_terminal import Terminal

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_restores_the_terminal_and_gives_its_exit_code(
    runs_dir: Path, number: signal.Signals, code: int
) -> None:
    """The alternate screen is left before the process ends."""
    terminal = Terminal(runs_dir)
    terminal.read_until(b"Welcome")
    terminal.process.send_signal(number)
    terminal.read_until(LEAVE_ALTERNATE_SCREEN)
    assert terminal.wait() == code
    os.close(terminal.master)


@pytest.mark.parametrize("ignores_hangup", [False, True])
def test_it_ends_when_its_terminal_is_gone(runs_dir: Path, ignores_hangup: bool) -> None:
    """Even where SIGHUP is ignored, as under nohup, nothing is left behind."""
    terminal = Terminal(runs_dir, ignores_hangup=ignores_hangup)
    terminal.read_until(b"Welcome")
    os.close(terminal.master)
    assert terminal.wait() in {129, -signal.SIGHUP}
