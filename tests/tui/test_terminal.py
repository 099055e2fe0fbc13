"""The application in a real pseudo-terminal: how it leaves."""

import fcntl
import os
import signal
import struct
import termios
import time
from pathlib import Path

import pytest

from tests.helpers.paths import REPOSITORY
from tests.helpers.pseudo_terminal import Terminal

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"

WITHOUT_USER = """
import pwd
def getpwuid(uid):
    raise KeyError(uid)
pwd.getpwuid = getpwuid
"""


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


def cpu_ticks(pid: int) -> int:
    """Return the CPU time of a process, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_signal_ends_it_where_its_terminal_reads_no_more(runs_dir: Path) -> None:
    """Its output is full and its loop waits to write; the terminal's mode is restored."""
    terminal = Terminal(runs_dir, size=(200, 60))
    before = termios.tcgetattr(terminal.master)
    terminal.read_until(b"Welcome")
    assert termios.tcgetattr(terminal.master) != before
    ticks, num_still, width = 0, 0, 200
    while num_still < 5:  # it draws itself anew for each size until it cannot write any more
        width = 399 - width
        fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 60, width, 0, 0))
        terminal.process.send_signal(signal.SIGWINCH)
        time.sleep(0.1)
        spent = cpu_ticks(terminal.process.pid)
        num_still = num_still + 1 if spent == ticks else 0
        ticks = spent
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.wait() == 143
    assert termios.tcgetattr(terminal.master) == before
    os.close(terminal.master)


@pytest.mark.parametrize("ignores_hangup", [False, True])
def test_it_ends_when_its_terminal_is_gone(runs_dir: Path, ignores_hangup: bool) -> None:
    """Even where SIGHUP is ignored, as under nohup, nothing is left behind."""
    terminal = Terminal(runs_dir, ignores_hangup=ignores_hangup)
    terminal.read_until(b"Welcome")
    os.close(terminal.master)
    assert terminal.wait() in {129, -signal.SIGHUP}


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(b"\xe9a", id="a Latin-1 letter"),
        pytest.param(b"\x1b[M \x84\x25", id="a mouse report of the X10 kind"),
        pytest.param(b"\x80\x80", id="continuation bytes"),
        pytest.param(b"\x1b[200~caf\xe9 b\xe9b\xe9\x1b[201~", id="a Latin-1 text pasted"),
    ],
)
def test_bytes_that_are_not_utf8_are_no_keys(runs_dir: Path, typed: bytes) -> None:
    """The application stays, and takes the next key."""
    terminal = Terminal(runs_dir)
    terminal.read_until(b"Welcome")
    since = len(terminal.output)
    terminal.press(typed)
    terminal.press(b"?")
    terminal.read_until(b"Find a key or word", since)
    terminal.process.send_signal(signal.SIGTERM)
    terminal.read_until(LEAVE_ALTERNATE_SCREEN)
    assert terminal.wait() == 143
    os.close(terminal.master)


def test_it_starts_without_home_and_user(runs_dir: Path, tmp_path: Path) -> None:
    """As under any uid of a container; settings go to a private folder of the temporary one."""
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(tmp_path),
    }  # fmt: skip
    terminal = Terminal(runs_dir, environment=environment, prologue=WITHOUT_USER)
    terminal.read_until(b"Welcome")
    terminal.press(b"q")
    terminal.read_until(LEAVE_ALTERNATE_SCREEN)
    assert terminal.wait() == 0
    assert b"Traceback" not in terminal.output
    os.close(terminal.master)
