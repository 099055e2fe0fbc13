"""Keeps the sampler going while NVML hangs: the questions are put on a thread of their own."""

import queue
import threading
import time
from collections.abc import Callable, Collection
from typing import Protocol

from medtui.telemetry.nvml.session import NvmlSession, Reading


class GpuReader(Protocol):
    """Whoever tells how the GPUs are."""

    def read(self, pids: Collection[int]) -> Reading:
        """Return the GPUs' state; `pids` are the processes whose memory is ours."""


class NoGpus:
    """Tells why no GPU is watched."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """A sentence."""

    def read(self, pids: Collection[int]) -> Reading:  # noqa: ARG002 - nobody is asked
        """Return the reason."""
        return Reading(self.reason, [])


class GpuWatch:
    """Asks NVML and waits for it no longer than `patience_s`.

    A call into a sick driver may take half a minute, and one into an idle one a second per GPU
    (`nvmlInit` without persistence mode). The thread is a daemon: it never keeps the process alive.
    """

    def __init__(
        self,
        session: NvmlSession,
        *,
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._patience_s = patience_s
        self._clock = clock
        self._asked_at: float | None = None
        self._questions: queue.SimpleQueue[Collection[int]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Reading] = queue.SimpleQueue()
        threading.Thread(target=self._answer_questions, name="nvml", daemon=True).start()

    def read(self, pids: Collection[int]) -> Reading:
        """Return what NVML says now, or for how long it has not said anything."""
        self._drop_late_answer()
        if self._asked_at is None:
            self._asked_at = self._clock()
            self._questions.put(pids)
        try:
            reading = self._answers.get(timeout=self._patience_s)
        except queue.Empty:
            waited_s = self._clock() - self._asked_at
            return Reading(f"NVML has not answered for {waited_s:.1f} s.", [])
        self._asked_at = None
        return reading

    def _drop_late_answer(self) -> None:
        if self._asked_at is not None and not self._answers.empty():
            self._answers.get()
            self._asked_at = None

    def _answer_questions(self) -> None:
        while True:
            pids = self._questions.get()
            try:
                reading = self._session.read(pids)
            except Exception as error:  # noqa: BLE001 - whatever the bindings raise, the record goes on
                reading = Reading(f"NVML's bindings failed: {error!r}.", [])
            self._answers.put(reading)
