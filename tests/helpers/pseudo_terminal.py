"""The application in a pseudo-terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

PATIENCE_S = 60
CODE = """
import pathlib, signal, sys
if sys.argv[2] == "True":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
from medtui.tui.launch import run_app
sys.exit(run_app(pathlib.Path(sys.argv[1])))
"""


class Terminal:
    """The application in a pseudo-terminal that the test reads and writes."""

    def __init__(
        self,
        runs_dir: Path,
        *,
        ignores_hangup: bool = False,
        size: tuple[int, int] = (120, 40),
        environment: Mapping[str, str] = os.environ,
        prologue: str = "",
    ) -> None:
        """Start it; `prologue` is Python that its process executes first."""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", prologue + CODE, str(runs_dir), str(ignores_hangup)],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )  # fmt: skip
        os.close(slave)
        self.output = b""

    def press(self, keys: bytes) -> None:
        """Send keys."""
        os.write(self.master, keys)

    def read_for(self, seconds: float) -> bytes:
        """Return the output of the next `seconds`."""
        before, until = len(self.output), time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._read(left)
        return self.output[before:]

    def read_until(self, wanted: bytes, since: int = 0) -> float:
        """Read until `wanted` was written; return the seconds since the process started."""
        deadline = time.perf_counter() + PATIENCE_S
        while wanted not in self.output[since:] and time.perf_counter() < deadline:
            if not self._read(0.2):
                break
        assert wanted in self.output[since:], self.output[-2000:]
        return time.perf_counter() - self.began

    def wait(self) -> int:
        """Return the exit code."""
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()

    def _read(self, timeout_s: float) -> bool:
        """Read available output; return whether the terminal is still open."""
        if select.select([self.master], [], [], timeout_s)[0]:
            try:
                self.output += os.read(self.master, 65536)
            except OSError:
                return False
        return True
