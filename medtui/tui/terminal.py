"""What Textual 8.2 leaves open: signals, closed terminals, and input that is not UTF-8.

It handles neither SIGTERM nor SIGHUP, and where SIGHUP is ignored (`nohup`) it reads the end of a
closed terminal for ever, which keeps a core busy. A byte that is not UTF-8, as from a Latin-1
keyboard or an old mouse report, ends its reading of the keyboard with an exception. And where a
terminal is open but reads no more, its queue of 30 writes fills, and the event loop waits in it for
ever: no handler of a signal that needs the loop is called then.
"""

import asyncio
import codecs
import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from medtui.control_characters import one_line

GRACE_S = 2.0
"""How long an orderly exit may take after the terminal was closed, or takes no more, seconds."""

LONGEST_EXIT_S = 20.0
"""How long an orderly exit may take after a signal, seconds."""

TerminalMode = list[Any]
"""How a terminal treats what is typed, as `termios.tcgetattr` returns it."""

_PERIOD_MS = 1000


def title_sequence(title: str) -> str:
    """Return the sequence that sets the terminal's title; an empty title restores its own."""
    return f"\x1b]2;{one_line(title)}\x07"


def tolerate_input() -> None:
    """Read bytes that are not UTF-8 as U+FFFD, which no key has, instead of ending."""
    from textual.drivers import linux_driver

    decoder = codecs.getincrementaldecoder("utf-8")

    def decoder_of(_encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
        return partial(decoder, errors="replace")

    setattr(linux_driver, "getincrementaldecoder", decoder_of)  # noqa: B010 - its only way in


def on_signals(leave: Callable[[int], object], mode: TerminalMode | None = None) -> None:
    """Call `leave` with the exit code when this process is asked to end; end it if that hangs.

    The signals are received in a thread, through a pipe: the event loop may be waiting for a
    terminal that reads no more. `leave` is called in the loop.
    """
    numbers = {signal.SIGTERM, signal.SIGHUP}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)  # by `nohup`; `watch_terminal` exits when the terminal closes
    loop = asyncio.get_running_loop()
    received, sent = os.pipe()
    os.set_blocking(sent, False)
    signal.set_wakeup_fd(sent, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda *_: None)  # Python writes to the pipe only if there is one
    thread = threading.Thread(
        target=_await_signals, args=(received, numbers, loop, leave, mode), daemon=True
    )
    thread.start()


def _await_signals(
    received: int,
    numbers: set[signal.Signals],
    loop: asyncio.AbstractEventLoop,
    leave: Callable[[int], object],
    mode: TerminalMode | None,
) -> None:
    """Wait for one of the signals; others, as a change of the terminal's size, are read past."""
    while (number := os.read(received, 1)[0]) not in numbers:
        pass
    code = 128 + number
    with suppress(RuntimeError):  # the loop is closed: the process is ending
        loop.call_soon_threadsafe(leave, code)
    time.sleep(GRACE_S)
    if takes_output():
        time.sleep(LONGEST_EXIT_S - GRACE_S)
    if mode is not None and sys.__stdin__ is not None:
        with suppress(termios.error):
            termios.tcsetattr(sys.__stdin__, termios.TCSANOW, mode)
    os._exit(code)


def takes_output() -> bool:
    """Return whether the terminal takes more output; Textual writes to stderr."""
    if sys.__stderr__ is None:
        return False
    poll = select.poll()
    poll.register(sys.__stderr__.fileno(), select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(0))


def watch_terminal(leave: Callable[[int], object]) -> None:
    """Exit when the terminal closes, and end the process if that hangs; watches in a thread."""
    if sys.__stdin__ is None or not sys.__stdin__.isatty():
        return
    descriptor = sys.__stdin__.fileno()
    thread = threading.Thread(target=_watch, args=(descriptor, leave), daemon=True)
    thread.start()


def _watch(descriptor: int, leave: Callable[[int], object]) -> None:
    while not is_gone(descriptor, _PERIOD_MS):
        pass
    code = 128 + signal.SIGHUP
    leave(code)
    time.sleep(GRACE_S)
    os._exit(code)


def is_gone(descriptor: int, patience_ms: int) -> bool:
    """Wait up to `patience_ms` for a terminal to hang up; return whether it did."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return bool(poll.poll(patience_ms))
