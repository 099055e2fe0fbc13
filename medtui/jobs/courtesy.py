"""Leaves GPUs and cores to the other users of a machine (`machine.polite`). Loads no NVML.

It decides about starts alone: a run that computes goes on when somebody else comes.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from math import ceil, floor

from medtui.jobs.device_slots import Slot
from medtui.preset import MachineSettings
from medtui.telemetry import Probe, ProbedGpu, probe_safely
from medtui.telemetry.core_use import CoreUse
from medtui.telemetry.occupants import describe_others, gpus_named, others_on
from medtui.units import plural

CHECK_SECONDS = 15.0
"""Time between two probes of the GPUs; each takes about 0.13 s of CPU time, 1 % of a core."""


def split_by_others(
    slots: Sequence[Slot], gpus: Sequence[ProbedGpu]
) -> tuple[list[Slot], list[ProbedGpu]]:
    """Return the slots on whose GPUs nobody else computes, and the GPUs of the other slots."""
    used = [each for each in gpus if others_on(each)]
    of_slot = {slot.devices: gpus_named(slot.devices, used) for slot in slots}
    left = {id(gpu): gpu for found in of_slot.values() for gpu in found}
    return [slot for slot in slots if not of_slot[slot.devices]], list(left.values())


def num_runs_beside(num_slots: int, threads: int, busy: float, num_cores: int) -> int:
    """Return how many runs may compute at once beside other users, at least 1.

    `busy` is the number of cores that their processes keep busy, which is rounded; `num_cores`
    that of the machine. They use the cores first that no run would use.
    """
    threads = max(1, threads)
    spare = max(0, num_cores - num_slots * threads)
    taken = max(0, floor(busy + 0.5) - spare)
    return max(1, num_slots - ceil(taken / threads))


class GpuWatch:
    """The GPUs' processes, probed in the background while somebody asks for them."""

    def __init__(
        self,
        probe: Callable[[], Probe] = probe_safely,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe, self._clock = probe, clock
        self._asked_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._found: Probe | None = None

    def latest(self) -> Probe | None:
        """Return a probe that is at most `CHECK_SECONDS` old; None while it is being made."""
        if self._thread is not None and self._thread.is_alive():
            return None
        if self._clock() - self._asked_at >= CHECK_SECONDS:
            self._asked_at, self._found = self._clock(), None
            self._thread = threading.Thread(target=self._ask, daemon=True)
            self._thread.start()
            return None
        return self._found

    def _ask(self) -> None:
        self._found = self._probe()


class Courtesy:
    """Tells which free slots a study may use now."""

    def __init__(
        self,
        machine: MachineSettings,
        *,
        gpus: GpuWatch | None = None,
        cores: CoreUse | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Follow the resolved settings; `report` gets a line when something is left to others."""
        self._is_polite = machine.polite
        self._is_auto = machine.device == "auto"
        self._num_slots, self._threads = machine.workers, machine.threads
        self._gpus, self._cores = gpus or GpuWatch(), cores
        if cores is None and machine.polite:
            self._cores = CoreUse()  # its first reading is compared with the next
        self._report = report
        self._said: object = None

    def choose(
        self, free: Sequence[Slot], num_used: int
    ) -> tuple[list[Slot], list[ProbedGpu]] | None:
        """Return the slots that may be used, and GPUs that are left to others; None if not known.

        `num_used` slots are in use already.
        """
        if not self._is_polite or not free:
            return list(free), []
        if all(slot.device == "cpu" for slot in free):
            return self._beside_others(free, num_used)
        if not self._is_auto:  # a named GPU is used, also where others compute
            return list(free), []
        probe = self._gpus.latest()
        if probe is None:
            return None
        chosen, left = split_by_others(free, probe.gpus)
        self._say_gpus(left)
        return chosen, left

    def _beside_others(
        self, free: Sequence[Slot], num_used: int
    ) -> tuple[list[Slot], list[ProbedGpu]] | None:
        """Return as many slots of the CPU as the load of other users leaves."""
        if num_used == 0:
            return list(free[:1]), []
        busy = self._cores.busy() if self._cores else 0.0
        if busy is None:
            return None
        num_slots = max(self._num_slots, num_used + len(free))
        allowed = num_runs_beside(num_slots, self._threads, busy, os.cpu_count() or 1)
        if allowed < num_slots:
            self._say(
                allowed, f"other users keep {busy:.1f} cores busy: {plural(allowed, 'run')} at once"
            )
        else:
            self._said = None
        return list(free[: max(0, allowed - num_used)]), []

    def _say_gpus(self, left: Sequence[ProbedGpu]) -> None:
        found = frozenset(each.gpu.index for each in left)
        if left:
            text = " · ".join(map(describe_others, left))
            self._say(found, f"{text}: left alone until it is free (machine.polite)")
        elif self._said:
            self._say(found, "every GPU is free of other users")

    def _say(self, state: object, text: str) -> None:
        if state != self._said:
            self._said = state
            self._report(text)
