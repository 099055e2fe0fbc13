"""The device slots of a study: which are free, and which of them a run may take now."""

from collections import Counter
from collections.abc import Sequence

from medtui.jobs.courtesy import Courtesy
from medtui.jobs.device_slots import Slot
from medtui.telemetry import ProbedGpu
from medtui.telemetry.occupants import name_users


class SlotPool:
    """Hands slots out and takes them back; a GPU with fewer runs comes first."""

    def __init__(self, slots: Sequence[Slot], courtesy: Courtesy | None = None) -> None:
        """Hand out all slots at once; with `courtesy`, those that others leave free."""
        self.free = list(slots)
        self._used: list[Slot] = []
        self._courtesy = courtesy
        self.waiting_for = ""
        """What `take` found in the way, such as `GPU 0 used by anna`; empty if nothing was."""

    def take(self) -> Slot | None:
        """Take a slot; None if none is free, or other users compute on those that are."""
        if not self.free:
            return None
        allowed, left = list(self.free), list[ProbedGpu]()
        if self._courtesy is not None:
            chosen = self._courtesy.choose(self.free, len(self._used))
            if chosen is None:
                return None
            allowed, left = chosen
        self.waiting_for = "" if allowed else ", ".join(map(name_users, left))
        if not allowed:
            return None
        slot = least_used(allowed, self._used)
        self.free.remove(slot)
        self._used.append(slot)
        return slot

    def take_of(self, devices: str) -> Slot | None:
        """Take the slot of a worker that uses these devices already, or any where none has them.

        None if none is free.
        """
        if not self.free:
            return None
        slot = next((each for each in self.free if each.devices == devices), self.free[0])
        self.free.remove(slot)
        self._used.append(slot)
        return slot

    def release(self, slot: Slot) -> None:
        """Take a slot back whose run, or benchmark, has ended."""
        self._used.remove(slot)
        self.free.append(slot)


def least_used(slots: Sequence[Slot], used: Sequence[Slot]) -> Slot:
    """Return the first slot whose device has the fewest runs."""
    num_runs = Counter(slot.devices for slot in used)
    return min(slots, key=lambda slot: num_runs[slot.devices])
