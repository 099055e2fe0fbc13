"""One actor on a Ray cluster, as its supervisor sees it. Imports ray."""

import signal
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError

from medtui.jobs.schedulers import Ended, JobState, Running, Vanished, Waiting
from medtui.jobs.schedulers.ray_actor import Outcome
from medtui.jobs.schedulers.ray_connection import first_line

ASK_SECONDS = 5.0
"""Time between two questions to an actor where it is."""

SILENT_SECONDS = 20.0
"""An actor that does not answer for so long is taken for lost with its node.

A machine under load may be slow to answer, and what is lost is killed, and not asked, where the run
is to be stopped.
"""

CANCELLED = 4
"""Status of a task that was cancelled before it had a process, as of a run that was stopped."""

_KILLED = "killed by `ray.kill`"
"""Part of Ray's error about an actor that was cancelled. Source: gcs_actor_manager.cc, Ray 2.60."""


class RayJob:
    """A handle: what is known of a task, and what can be asked of it."""

    def __init__(
        self,
        actor: ActorHandle,
        request: str,
        note: Callable[[JobState], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow `actor`; `request` says which resources it waits for.

        `note` receives every new state.
        """
        self.state: JobState = Waiting(request)
        self._actor, self._request, self._note, self._clock = actor, request, note, clock
        self._end = actor.wait.remote()
        self._answer: Any = actor.host.remote()
        self._asked_at = clock()
        self._is_stopping = False

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to look after any more."""
        return isinstance(self.state, Ended | Vanished)

    @property
    def promises(self) -> list[Any]:
        """What Ray has not answered yet, as of the last look."""
        return [self._end] if self._answer is None else [self._end, self._answer]

    def look(self, kept: set[Any]) -> None:
        """Bring `state` up to date with the promises that Ray has kept."""
        before = self.state
        self._update(kept)
        if self.state != before:
            self._note(self.state)

    def _update(self, kept: set[Any]) -> None:
        if self._end in kept:
            self.state = self._ending()
            return
        waited = self._clock() - self._asked_at
        if self._answer is not None and self._answer in kept:
            self._note_host()
        elif self._answer is None and waited >= ASK_SECONDS:
            self._answer, self._asked_at = self._actor.host.remote(), self._clock()
        elif self._answer is not None and waited >= SILENT_SECONDS:
            self._note_silence()

    def stop(self) -> None:
        """Ask the process to stop; an actor that waits for its resources is cancelled."""
        self._end_by(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process."""
        self._end_by(signal.SIGKILL)

    def _end_by(self, number: int) -> None:
        self._is_stopping = True
        if isinstance(self.state, Running):
            # Not for a process that is started later elsewhere.
            self._actor.signal.options(max_task_retries=0).remote(number)
        else:
            ray.kill(self._actor)

    def _note_host(self) -> None:
        answer, self._answer = self._answer, None
        try:
            host = str(ray.get(answer))
        except RayError:  # the outcome follows
            return
        if self._is_stopping and isinstance(self.state, Waiting):
            self.kill()  # made again after its process had been asked to stop
        self.state = Running(host)

    def _note_silence(self) -> None:
        if isinstance(self.state, Running):
            self.state = Waiting(f"{self.state.place} was lost; {self._request}")

    def _ending(self) -> JobState:
        try:
            outcome: Outcome = ray.get(self._end)
        except RayError as error:
            is_killed = self._is_stopping or _KILLED in str(error)  # the latter by `medtui stop`
            if is_killed and isinstance(self.state, Waiting):
                return Ended(CANCELLED)
            return Vanished(first_line(error))
        return Vanished(outcome.problem) if outcome.problem else Ended(outcome.status)
