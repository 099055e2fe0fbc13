"""A clock that a test moves."""


class ManualClock:
    """Return `now`, in seconds, until a test sets another."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the current time."""
        return self.now
