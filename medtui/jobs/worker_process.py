"""Starts the process of a run."""

import subprocess
import sys

from medtui.child_process import child_environment
from medtui.jobs.device_slots import Slot
from medtui.runs.folder import RunFolder
from medtui.storage import open_log


def start_worker(
    run: RunFolder, slot: Slot, silent_stamp: str = "", after_signal: int = 0
) -> subprocess.Popen[bytes]:
    """Start a run's worker on a device, in a session of its own.

    `silent_stamp` is that of an owner of the run that was awaited already, see `SilenceWatch`.
    `after_signal` is the number of the signal that ended the worker before, for the run's log.

    Raises:
        OSError: the run's folder cannot be written.
    """
    command = [sys.executable, "-m", "medtui.worker", str(run.path), "--device", slot.device]
    if silent_stamp:
        command += ["--silent", silent_stamp]
    if after_signal:
        command += ["--after-signal", str(after_signal)]
    with open_log(run.worker_log) as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=child_environment(slot.devices),
        )
