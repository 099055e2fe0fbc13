"""The application in a real pseudo-terminal: how it leaves."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"
PATIENCE_S = 60
CODE = """
import pathlib, signal, sys
if sys.argv[2] == "True":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
from medtui.tui.app import run_app
sys.exit(run_app(pathlib.Path(sys.argv[1])))
"""


class Terminal:
    """A program whose terminal is ours."""

    def __init__(self, runs_dir: Path, *, ignores_hangup: bool = False) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(runs_dir), str(ignores_hangup)],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(slave)
        self.output = b""

    def read_until(self, wanted: bytes) -> None:
        """Read until something was written."""
        deadline = time.monotonic() + PATIENCE_S
        while wanted not in self.output and time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        assert wanted in self.output, self.output[-2000:]

    def wait(self) -> int:
        """Give the exit code."""
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()


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
