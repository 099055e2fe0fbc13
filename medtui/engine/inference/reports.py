"""Sends the progress of reading images as messages, at most twice a second."""

import time

from medtui.datasets.progress import Progress as DataProgress
from medtui.protocol.outcome import Progress
from medtui.protocol.stdio import MessageWriter
from medtui.units import format_count

_REPORT_SECONDS = 0.5


class ThrottledReport:
    """A callback for progress."""

    def __init__(self, writer: MessageWriter) -> None:
        self._writer = writer
        self._last = 0.0

    def __call__(self, progress: DataProgress) -> None:
        """Send progress, unless some was sent just now."""
        if (now := time.monotonic()) - self._last < _REPORT_SECONDS:
            return
        self._last = now
        counts = f"{format_count(progress.done)} of {format_count(progress.total)}"
        self._writer.send(Progress(f"{progress.stage}: {counts}"))
