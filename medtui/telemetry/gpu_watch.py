"""Program that reads the machine's GPUs again and again: `python -m medtui.telemetry.gpu_watch`.

It sends a `Probe` every two seconds, until nobody reads it any more. NVML can crash its process, or
block it, so the application reads it from a process of its own.
"""

import faulthandler
import os
import time

from medtui.protocol.gpus import Probe
from medtui.protocol.stdio import MessageWriter
from medtui.telemetry.gpu_probe import probe_units
from medtui.telemetry.nvml.devices import list_devices
from medtui.telemetry.nvml.errors import NvmlUnavailable
from medtui.telemetry.nvml.session import initialise, shut_down

PERIOD_S = 2.0
"""Between two readings, seconds."""

_NICENESS = 10
"""Studies take precedence over what a screen shows."""


def watch(writer: MessageWriter) -> None:
    """Send readings until the reader has gone, or NVML cannot be used."""
    try:
        initialise()
        devices = list_devices()
        while devices:
            writer.send(Probe(gpus=probe_units(devices)))
            time.sleep(PERIOD_S)
    except NvmlUnavailable as over:
        writer.send(Probe(reason=str(over)))
    finally:
        shut_down()


def main() -> None:
    """Run until the pipe breaks."""
    faulthandler.enable()
    os.nice(_NICENESS)
    try:
        watch(MessageWriter())
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main()
