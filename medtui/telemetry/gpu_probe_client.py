"""Lists the machine's GPUs from a child process that may crash: for `doctor` and screens."""

import signal

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.protocol.gpus import Probe, probe_decoder

PROBE_S = 15.0
"""Timeout; without persistence mode, opening NVML takes a second per GPU."""


def probe_safely(timeout_s: float = PROBE_S) -> Probe:
    """Return the GPUs as listed by a child process; its crash or timeout becomes the `reason`.

    Blocks for up to `timeout_s`; screens call it from a thread.
    """
    error_prefix = "NVML could not be queried"
    try:
        with ChildProcess(
            "medtui.telemetry.gpu_probe", probe_decoder, error_prefix=error_prefix
        ) as process:
            try:
                return process.result(timeout_s)
            except TimeoutError:
                return Probe(reason=f"NVML did not answer within {timeout_s:g} s.")
            except MedtuiError as error:
                code = process.exit_code or 0
                if code >= 0:
                    return Probe(reason=error.message)
                name = signal.Signals(-code).name
                return Probe(reason=f"NVML crashed its process ({name}).")
    except MedtuiError as error:
        return Probe(reason=error.message)
