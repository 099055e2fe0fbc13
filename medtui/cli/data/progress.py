"""Shows the progress of reading a data set on stderr: a redrawn line, or a few lines in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from medtui.cli.stream import erase_progress, write_progress
from medtui.datasets.progress import Progress, Reporter, ignore_progress
from medtui.units import format_bytes, format_count

REDRAW_SECONDS = 0.5
LINE_SECONDS = 10.0
"""Between two lines in a log, seconds."""


@contextmanager
def progress_on_stderr(*, is_quiet: bool) -> Iterator[Reporter]:
    """Yield a progress callback that writes to stderr; the line is erased afterwards."""
    if is_quiet:
        yield ignore_progress
        return
    pace = REDRAW_SECONDS if sys.stderr.isatty() else LINE_SECONDS
    shown_at = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= pace:
            shown_at = time.monotonic()
            write_progress(_line(progress))

    try:
        yield report
    finally:
        erase_progress()


def _line(progress: Progress) -> str:
    if progress.stage == "wait":
        return "waiting for another process that decodes the same images"
    shown = format_bytes if progress.stage == "download" else format_count
    of = f" of {shown(progress.total)}" if progress.total else ""
    return f"{progress.stage}: {shown(progress.done)}{of}"
