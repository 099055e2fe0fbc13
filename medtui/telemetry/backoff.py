"""How long to wait before trying again what failed."""

import time
from collections.abc import Callable

FIRST_S = 1.0
"""Wait after the first failure, seconds."""

LONGEST_S = 60.0
"""No wait is longer, seconds."""


class Backoff:
    """Waits twice as long after every failure in a row."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._delay_s = 0.0
        self._due_at = clock()

    @property
    def is_due(self) -> bool:
        """Whether the wait is over."""
        return self._clock() >= self._due_at

    @property
    def delay_s(self) -> float:
        """The wait that the last failure caused, seconds; 0 where none did."""
        return self._delay_s

    def fail(self) -> None:
        """Wait from now on, twice as long as the last time."""
        self._delay_s = min(LONGEST_S, max(FIRST_S, 2 * self._delay_s))
        self._due_at = self._clock() + self._delay_s

    def reset(self) -> None:
        """Forget the failures."""
        self._delay_s = 0.0
        self._due_at = self._clock()
