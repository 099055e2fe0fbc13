"""Progress and remaining time of a run, derived from its log."""

from dataclasses import dataclass

from medtui.events import CycleEnded
from medtui.runs.history import History

_RECENT = 5
"""Number of cycles whose mean duration predicts the remaining ones."""


@dataclass(frozen=True)
class Progress:
    """Progress within the current stage."""

    stage: str
    """Name of the stage; empty before the first."""
    cycle: int
    """Completed cycles (or epochs)."""
    cycles: int
    """Cycles (or epochs) of the stage; 0 for a stage without."""
    step: int
    """Completed steps of the current cycle."""
    steps: int
    """Steps of the current cycle."""
    images_per_second: float | None
    seconds_left: float | None
    """Remaining time of this stage; None before a cycle was measured."""

    @property
    def share(self) -> float:
        """Completed share of the stage, 0 to 1."""
        if self.cycles == 0:
            return 0.0
        within = self.step / self.steps if self.steps else 0.0
        return min(1.0, (self.cycle + within) / self.cycles)


def progress_of(history: History) -> Progress:
    """Return the progress of the latest session."""
    stage = history.stage
    if stage is None:
        return Progress("", 0, 0, 0, 0, None, None)
    measured = history.cycles_of(stage.stage)
    step = history.step
    done = Progress(
        stage=stage.stage,
        cycle=len(measured),
        cycles=stage.cycles,
        step=step.step if step else 0,
        steps=step.steps if step else stage.steps,
        images_per_second=step.images_per_second if step else None,
        seconds_left=None,
    )
    seconds_left = _seconds_left(measured, done)
    return Progress(**(done.__dict__ | {"seconds_left": seconds_left}))


def _seconds_left(measured: list[CycleEnded], done: Progress) -> float | None:
    """Predict by recent cycles; cycle 0 of L-C has no L step and is left out."""
    durations = [cycle.seconds for cycle in measured if cycle.cycle > 0][-_RECENT:]
    if not durations or done.cycles == 0:
        return None
    within = done.step / done.steps if done.steps else 0.0
    return sum(durations) / len(durations) * max(0.0, done.cycles - done.cycle - within)
