"""Signal handling of the follower: a handler notes the signal, and the loop acts on it."""

import signal
from types import FrameType, TracebackType
from typing import Self

EXIT_BASE = 128
"""A process that ends by signal n exits with 128 + n."""

INTERRUPTED = EXIT_BASE + signal.SIGINT
"""Exit code of a command that Ctrl+C has ended."""

_WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """A context that collects signals; a second SIGINT or SIGTERM exits at once."""

    def __init__(self) -> None:
        self.received: int | None = None
        """The first signal received; None before that."""
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in _WATCHED:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup stays in effect
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
        """The exit code for the first signal."""
        return EXIT_BASE + (self.received or 0)

    @property
    def is_hangup(self) -> bool:
        """Whether the terminal was closed."""
        return self.received == signal.SIGHUP

    def hang_up(self) -> None:
        """Record a closed terminal, as a SIGHUP would."""
        self.received = signal.SIGHUP

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None and number != signal.SIGHUP:
            raise SystemExit(EXIT_BASE + number)
        self.received = number
