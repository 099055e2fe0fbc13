"""The sampler program: `python -m medtui.telemetry.sampler --pid PID --out FILE`.

It exits with status 0 when the watched process has exited or has lost its run to another one, and
with 143 on SIGTERM. SIGHUP and SIGINT are ignored: the connection may drop, and Ctrl+C is handled
by the supervisor.
"""

import argparse
import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from medtui.telemetry.nvml.session import NvmlSession
from medtui.telemetry.nvml_timeout import GpuReader, NoGpuReader, TimedGpuReader
from medtui.telemetry.ownership import Ownership
from medtui.telemetry.process_tree import ProcessTree
from medtui.telemetry.sample import Sample
from medtui.telemetry.sample_log import SampleLog
from medtui.telemetry.visible_devices import hides_all
from medtui.upgrade import describe_upgrade

NVML_TIMEOUT = 0.5
"""Timeout of NVML as a fraction of the interval."""

TERMINATED = 128 + signal.SIGTERM
"""Exit status after SIGTERM while the watched process was still running."""


class Sampler:
    """Takes samples of a process and its machine."""

    def __init__(
        self, tree: ProcessTree, gpus: GpuReader, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tree = tree
        self._gpus = gpus
        self._clock = clock
        self._began_at = clock()
        self._is_first = True

    def take(self, num_dropped: int = 0) -> Sample | None:
        """Return a sample; None where the watched process has exited."""
        use = self._tree.measure()
        if use is None:
            return None
        host_cpu_percent = psutil.cpu_percent()
        memory = psutil.virtual_memory()
        reading = self._gpus.read(use.pids)
        sample = Sample(
            time=round(time.time(), 3),
            elapsed_s=round(self._clock() - self._began_at, 3),
            process_cpu_percent=use.cpu_percent,
            process_memory_bytes=use.memory_bytes,
            host_cpu_percent=None if self._is_first else host_cpu_percent,
            host_memory_used_bytes=memory.total - memory.available,
            host_memory_total_bytes=memory.total,
            gpus=reading.gpus,
            nvml_state=reading.state,
            num_dropped=num_dropped,
        )
        self._is_first = False
        return sample


def follow(sampler: Sampler, log: SampleLog, owner: Ownership, interval_s: float) -> int:
    """Write a sample every `interval_s` until the watched process exits; return the exit status.

    Nothing is written while another process owns the run, and no more once it took the run over.

    SIGTERM ends it too. The signal must be blocked: `sigtimedwait` receives it between two samples,
    so it never interrupts a write.
    """
    due_at = time.monotonic()
    while (sample := sampler.take(log.num_dropped)) is not None:
        if owner.permits():  # last of all: this process may have been suspended
            log.append(msgspec.structs.replace(sample, generation=owner.generation))
        elif owner.is_superseded:
            break
        now = time.monotonic()
        due_at = max(due_at + interval_s, now)
        if signal.sigtimedwait({signal.SIGTERM}, due_at - now):
            return TERMINATED
    return 0


def gpu_reader(visible: str | None, nvml_off: str, interval_s: float) -> GpuReader:
    """Return the reader of the GPUs in `visible`; `nvml_off` is a reason not to use NVML."""
    if nvml_off:
        return NoGpuReader(nvml_off)
    if hides_all(visible):
        return NoGpuReader("No GPU is visible to this run.")
    return TimedGpuReader(NvmlSession(visible), timeout_s=NVML_TIMEOUT * interval_s)


def main(arguments: list[str] | None = None) -> None:
    """Sample according to the command line."""
    faulthandler.enable()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    options = _parser().parse_args(arguments)
    if note := describe_upgrade():
        print(note, file=sys.stderr)  # noqa: T201 - goes to worker.log
    log = SampleLog(options.out)
    tree = ProcessTree(options.pid, options.start_ticks)
    gpus = gpu_reader(options.devices, options.nvml_off, options.interval)
    owner = Ownership(options.out.absolute().parent, options.pid, tree.start_ticks)
    status = follow(Sampler(tree, gpus), log, owner, options.interval)
    log.close()
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="medtui.telemetry.sampler", description=__doc__)
    parser.add_argument("--pid", type=int, required=True, help="the process to watch")
    parser.add_argument(
        "--start-ticks", type=int, help="its start time (field 22 of /proc/PID/stat)"
    )
    parser.add_argument("--out", type=Path, required=True, help="the telemetry.jsonl to append to")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between samples")
    parser.add_argument(
        "--devices",
        default=os.environ.get("CUDA_VISIBLE_DEVICES"),
        help="GPUs to watch, as in CUDA_VISIBLE_DEVICES, whose value is the default",
    )
    parser.add_argument("--nvml-off", default="", help="do not use NVML, for this reason")
    return parser


if __name__ == "__main__":
    main()
