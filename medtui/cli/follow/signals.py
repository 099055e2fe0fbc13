"""What the follower does when it is interrupted: it notes the signal and lets the loop act."""

import signal
from types import FrameType, TracebackType
from typing import Self

EXIT_BASE = 128
"""A process that ends by signal n exits with 128 + n."""

_WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Collects signals while it is entered; a second SIGINT or SIGTERM ends the process at once."""

    def __init__(self) -> None:
        self.received: int | None = None
        """The first signal that came; None while there was none."""
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in _WATCHED:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup's wish is kept
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal.signal gave

    @property
    def exit_code(self) -> int:
        """The exit code that the first signal asks for."""
        return EXIT_BASE + (self.received or 0)

    @property
    def is_hangup(self) -> bool:
        """Whether the terminal is gone."""
        return self.received == signal.SIGHUP

    def hang_up(self) -> None:
        """Note that the terminal is gone, as a SIGHUP would have."""
        self.received = signal.SIGHUP

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None and number != signal.SIGHUP:
            raise SystemExit(EXIT_BASE + number)
        self.received = number
