"""Lists the machine's GPUs from a process that has something to lose: `doctor`, the screen."""

import signal

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.protocol.gpus import Probe, probe_decoder

PROBE_S = 15.0
"""Opening NVML takes a second per GPU where nothing keeps the driver awake."""


def probe_safely(timeout_s: float = PROBE_S) -> Probe:
    """Probe in a short-lived process; a crash or a hang there becomes the `reason` here.

    Blocks until the answer is there or `timeout_s` have passed: a screen asks from a thread.
    """
    complaint = "NVML could not be asked"
    try:
        with ChildProcess(
            "medtui.telemetry.gpu_probe", probe_decoder, complaint=complaint
        ) as process:
            try:
                return process.answer(timeout_s)
            except TimeoutError:
                return Probe(reason=f"NVML did not answer within {timeout_s:g} s.")
            except MedtuiError as error:
                code = process.exit_code or 0
                if code >= 0:
                    return Probe(reason=error.message)
                name = signal.Signals(-code).name
                return Probe(reason=f"NVML took its process down ({name}).")
    except MedtuiError as error:
        return Probe(reason=error.message)
