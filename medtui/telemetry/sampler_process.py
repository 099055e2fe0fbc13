"""Starts the sampler and restarts it after a crash. Used by the supervisor."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from medtui.child_process import child_environment
from medtui.storage import open_log
from medtui.telemetry.backoff import Backoff
from medtui.telemetry.process_stat import read_stat

MAX_NVML_CRASHES = 3
"""Consecutive crashes after which the sampler runs without NVML."""

STEADY_S = 60.0
"""A sampler that ran this long was healthy: its exit starts a new count of crashes."""

STOP_S = 2.0
"""Seconds that the sampler has to exit after a signal."""

_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
"""Signals of a crash; SIGKILL and SIGTERM are sent by other processes."""


class SamplerProcess:
    """Sampler of one run. No method raises: training continues without telemetry."""

    def __init__(
        self,
        pid: int,
        out: Path,
        *,
        log: Path,
        devices: str | None = None,
        interval_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch process `pid`, which must be alive or an unreaped child.

        `out` is the run's `telemetry.jsonl`; `log` receives the sampler's output. `devices` are the
        run's devices, as in `CUDA_VISIBLE_DEVICES`; None uses that variable.
        """
        self._pid = pid
        stat = read_stat(pid)
        self._start_ticks = stat.start_ticks if stat else 0
        self._out = out
        self._log = log
        self._devices = devices
        self._interval_s = interval_s
        self._clock = clock
        self._backoff = Backoff(clock=clock)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._is_over = False
        self._num_crashes = 0
        self.num_restarts = 0
        """Number of restarts."""

    @property
    def pid(self) -> int | None:
        """Pid of the sampler; None while it is not running."""
        return self._process.pid if self._process else None

    @property
    def is_nvml_off(self) -> bool:
        """Whether NVML crashed too often to be used again in this run."""
        return self._num_crashes >= MAX_NVML_CRASHES

    def start(self) -> None:
        """Start the sampler; if that fails, `ensure_alive` tries again."""
        self._is_over = False
        self._spawn()

    def ensure_alive(self) -> bool:
        """Restart the sampler if it crashed and the backoff has passed; return whether it is alive.

        Call it about once a second. A sampler that exited because its process did is not restarted.
        """
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return True
            self._record_exit(code)
        if self._is_over or not self._backoff.is_due:
            return False
        self.num_restarts += 1
        self._spawn()
        return self._process is not None

    def stop(self) -> None:
        """Stop the sampler permanently; its file then ends with a complete line."""
        self._is_over = True
        if self._process is None:
            return
        process, self._process = self._process, None
        for end in (process.terminate, process.kill):
            end()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:  # blocked in the driver
                continue
            return

    def _record_exit(self, code: int) -> None:
        """Record how the sampler exited: 0 means that the process has exited, others are failures.

        A SIGTERM that `stop` did not send also counts as a failure.
        """
        self._process = None
        if code == 0:
            self._is_over = True
            return
        if self._clock() - self._started_at >= STEADY_S:
            self._backoff.reset()
            self._num_crashes = 0
        if -code in _CRASHES:
            self._num_crashes += 1
        self._backoff.fail()

    def _spawn(self) -> None:
        self._started_at = self._clock()
        try:
            with open_log(self._log) as log:
                self._process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=True,
                    env=child_environment(),
                )  # fmt: skip
        except OSError:
            self._process = None
            self._backoff.fail()

    def _command(self) -> list[str]:
        command = [
            sys.executable, "-m", "medtui.telemetry.sampler",
            f"--pid={self._pid}", f"--start-ticks={self._start_ticks}",
            f"--out={self._out}", f"--interval={self._interval_s}",
        ]  # fmt: skip
        if self._devices is not None:
            command.append(f"--devices={self._devices}")
        if self.is_nvml_off:
            reason = f"NVML crashed its process {self._num_crashes} times and is not used any more."
            command.append(f"--nvml-off={reason}")
        return command
