"""Exponential backoff between attempts."""

import time
from collections.abc import Callable

FIRST_S = 1.0
"""Wait after the first failure, seconds."""

LONGEST_S = 60.0
"""Maximum wait, seconds."""


class Backoff:
    """Doubles the wait after every consecutive failure."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._delay_s = 0.0
        self._due_at = clock()

    @property
    def is_due(self) -> bool:
        """Whether the wait has passed."""
        return self._clock() >= self._due_at

    @property
    def delay_s(self) -> float:
        """Wait after the latest failure, seconds; 0 after none."""
        return self._delay_s

    def fail(self) -> None:
        """Start a wait twice as long as the previous one."""
        self._delay_s = min(LONGEST_S, max(FIRST_S, 2 * self._delay_s))
        self._due_at = self._clock() + self._delay_s

    def reset(self) -> None:
        """Reset the delay."""
        self._delay_s = 0.0
        self._due_at = self._clock()
