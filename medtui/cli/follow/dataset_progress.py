"""How far reading a data set is, told on stderr: a line redrawn, or few lines in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from medtui.cli.stream import erase_progress, write_progress
from medtui.datasets.progress import Progress, Tell, tell_nobody
from medtui.units import format_bytes, format_count

REDRAW_SECONDS = 0.5
LINE_SECONDS = 10.0
"""Between two lines in a log."""


@contextmanager
def told_on_stderr(*, is_quiet: bool) -> Iterator[Tell]:
    """Yield a `Tell` that narrates; the terminal's line is clean again afterwards."""
    if is_quiet:
        yield tell_nobody
        return
    pace = REDRAW_SECONDS if sys.stderr.isatty() else LINE_SECONDS
    told_at = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= pace:
            told_at = time.monotonic()
            write_progress(_line(progress))

    try:
        yield tell
    finally:
        erase_progress()


def _line(progress: Progress) -> str:
    if progress.stage == "wait":
        return "waiting for another run that decodes the same images"
    shown = format_bytes if progress.stage == "download" else format_count
    of = f" of {shown(progress.total)}" if progress.total else ""
    return f"{progress.stage}: {shown(progress.done)}{of}"
