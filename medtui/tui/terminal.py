"""What Textual 8.2 leaves open: signals, closed terminals, and input that is not UTF-8.

It handles neither SIGTERM nor SIGHUP, and where SIGHUP is ignored (`nohup`) it reads the end of a
closed terminal for ever, which keeps a core busy. A byte that is not UTF-8, as from a Latin-1
keyboard or an old mouse report, ends its reading of the keyboard with an exception.
"""

import asyncio
import codecs
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

from medtui.control_characters import one_line

GRACE_S = 2.0
"""How long an orderly exit may take after the terminal was closed, seconds."""

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


def on_signals(leave: Callable[[int], object]) -> None:
    """Call `leave` with the exit code when the running loop's process is asked to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # set by `nohup`; `watch_terminal` exits when the terminal closes
        loop.add_signal_handler(number, leave, 128 + number)


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
