"""Measurement of the share of a CPU core that a process gets, alone and beside others like it.

Each run is a process with its own session, and Linux divides the cores among sessions (`sched(7)`,
autogroup). Threads of one process divide one session's share, so they cannot represent runs here.
"""

import subprocess
import sys

SECONDS = 0.5
"""How long each process computes."""

_NUM_COMPARISONS = 4

_BUSY = f"""
import time
began, counted = time.perf_counter(), time.process_time()
while time.perf_counter() - began < {SECONDS}:
    pass
print((time.perf_counter() - began) / (time.process_time() - counted))
"""


def slowdown_beside(count: int) -> float:
    """Return the ratio of a process's time beside `count` - 1 others to its time alone, at least 1.

    Both are measured in turns, so that a change of the machine's load cancels out.
    """
    alone = beside = 0.0
    for _ in range(_NUM_COMPARISONS):
        alone += _stretch_of(1)
        beside += _stretch_of(count)
    return max(1.0, beside / alone)


def _stretch_of(count: int) -> float:
    """Return the mean ratio of elapsed to CPU seconds of `count` busy processes at once."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-S", "-c", _BUSY],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        for _ in range(count)
    ]
    return sum(float(process.communicate()[0]) for process in processes) / count
