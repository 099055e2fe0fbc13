"""Makes this process the parent of descendants whose own parent ends. Linux only."""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PR_SET_CHILD_SUBREAPER = 36
"""Source: linux/prctl.h."""

_lock = threading.Lock()


@contextmanager
def subreaper() -> Iterator[None]:
    """Adopt orphaned descendants inside this block; those that were adopted stay children.

    Outside of it they go to process 1 as usual, so that orphans of workers leave no zombies here.

    Raises:
        OSError: the kernel refuses it.
    """
    with _lock:
        _set(is_on=True)
        try:
            yield
        finally:
            _set(is_on=False)


def _set(*, is_on: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(is_on), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
