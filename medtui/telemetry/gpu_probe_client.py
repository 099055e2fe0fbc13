"""Lists the machine's GPUs from a process that has something to lose: `doctor`, the screen."""

import signal
import subprocess
import sys

import msgspec

from medtui.telemetry.gpu_sample import Probe

PROBE_S = 15.0
"""Opening NVML takes a second per GPU where nothing keeps the driver awake."""


def probe_safely(timeout_s: float = PROBE_S) -> Probe:
    """Probe in a short-lived process; a crash or a hang there becomes the `reason` here.

    Blocks until the answer is there or `timeout_s` have passed: a screen asks from a thread.
    """
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "medtui.telemetry.gpu_probe"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()  # and no wait: a process stuck in a sick driver ends when the driver lets it
        return Probe(reason=f"NVML did not answer within {timeout_s:g} s.")
    except OSError as error:
        return Probe(reason=f"NVML could not be asked: {error}.")
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return Probe(reason=f"NVML took its process down ({name}).")
    try:
        return msgspec.json.decode(stdout, type=Probe)
    except (msgspec.DecodeError, UnicodeDecodeError):
        last_line = stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return Probe(reason=f"NVML could not be asked: {last_line or 'no answer'}.")
