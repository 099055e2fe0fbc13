"""Measures how much of a CPU core a process gets, alone and beside others like it.

Runs are processes in sessions of their own, among which Linux shares the cores (`sched(7)`,
autogroup). Threads of one process would share what one session gets, and so look slower than runs.
"""

import subprocess
import sys

SECONDS = 0.5
"""How long each comparison computes."""

_NUM_COMPARISONS = 4

_BUSY = f"""
import time
began, counted = time.perf_counter(), time.process_time()
while time.perf_counter() - began < {SECONDS}:
    pass
print((time.perf_counter() - began) / (time.process_time() - counted))
"""


def slowdown_beside(count: int) -> float:
    """Return what a process's waiting for a core grows by beside `count` - 1 others, at least 1.

    Alone and beside others are measured in turns, so that a change of the machine's load cancels.
    """
    alone = beside = 0.0
    for _ in range(_NUM_COMPARISONS):
        alone += _stretch_of(1)
        beside += _stretch_of(count)
    return max(1.0, beside / alone)


def _stretch_of(count: int) -> float:
    """Return the mean of elapsed over CPU seconds of so many busy processes at once."""
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
