"""Waits for other processes and threads; the limit ends a test that would hang."""

import time
from collections.abc import Callable

LIMIT_SECONDS = 240.0


def wait_until(
    condition: Callable[[], object], what: str = "a condition", seconds: float = LIMIT_SECONDS
) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"timed out after {seconds:g} s waiting for {what}"
        time.sleep(0.02)
