"""Records the telemetry of this very process, where no supervisor on its host does: in a job."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medtui.telemetry.sampler_process import SamplerProcess

CHECK_SECONDS = 1.0
"""Time between two checks whether the sampler has crashed."""


@contextmanager
def recorded(out: Path, log: Path) -> Iterator[None]:
    """Record this process into `out`, a run's `telemetry.jsonl`; `log` gets the sampler's output.

    The process must own the run's folder. Failures of the sampler have no effect on it.
    """
    sampler = SamplerProcess(os.getpid(), out, log=log)
    sampler.start()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(CHECK_SECONDS):
            sampler.ensure_alive()

    thread = threading.Thread(target=watch, name="telemetry", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        sampler.stop()
