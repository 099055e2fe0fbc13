"""Starts the sampler's process and brings it back when it dies. For the supervisor."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from medtui.child_process import child_environment
from medtui.telemetry.backoff import Backoff
from medtui.telemetry.process_stat import read_stat

MAX_NVML_CRASHES = 3
"""After so many crashes in a row the sampler goes on without NVML."""

STEADY_S = 60.0
"""A sampler that lived this long was well: its end does not count as one more in a row."""

STOP_S = 2.0
"""How long the sampler may take to end when asked to, seconds."""

_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
"""Signals by which a library ends its process; SIGKILL and SIGTERM come from somebody else."""


class SamplerProcess:
    """The sampler of one run. Nothing here raises on its account: training goes on without it."""

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
        """Watch the process `pid`, which must be alive, or a child that nobody has waited for yet.

        `out` is the run's `telemetry.jsonl`; `log` takes what the sampler prints. `devices` is what
        the run may use, as in `CUDA_VISIBLE_DEVICES`; None is that variable itself.
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
        """How often the sampler was brought back."""

    @property
    def pid(self) -> int | None:
        """The sampler's own pid; None while there is none."""
        return self._process.pid if self._process else None

    @property
    def is_nvml_off(self) -> bool:
        """Whether NVML crashed so often that it is left alone for the rest of the run."""
        return self._num_crashes >= MAX_NVML_CRASHES

    def start(self) -> None:
        """Start the sampler; where that fails, `ensure_alive` tries again."""
        self._is_over = False
        self._spawn()

    def ensure_alive(self) -> bool:
        """Bring the sampler back if it died and the wait since is over; give whether it lives.

        Call it about once a second. A sampler that ended because its process did stays ended.
        """
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return True
            self._bury(code)
        if self._is_over or not self._backoff.is_due:
            return False
        self.num_restarts += 1
        self._spawn()
        return self._process is not None

    def stop(self) -> None:
        """End the sampler for good; its file is whole afterwards."""
        self._is_over = True
        if self._process is None:
            return
        process, self._process = self._process, None
        for end in (process.terminate, process.kill):
            end()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:  # stuck in a sick driver
                continue
            return

    def _bury(self, code: int) -> None:
        """Take note of how the sampler ended: 0 is "my process has ended", all else a failure.

        A SIGTERM that `stop` did not send is one, too: it came from a stranger.
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
            with self._log.open("ab") as log:
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
            reason = f"NVML took its process down {self._num_crashes} times; it is left alone."
            command.append(f"--nvml-off={reason}")
        return command
