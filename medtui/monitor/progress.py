"""Progress and remaining time of a run, derived from its log."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from medtui.events import CycleEnded
from medtui.runs.log.history import History

_RECENT = 5
"""Number of cycles whose mean duration predicts the remaining ones."""

_BEFORE_TRAINING = ("", "data")
"""Stages of a session before it trains; the first is that of a session that has begun none."""


@dataclass(frozen=True)
class PlannedStage:
    """One stage that trains."""

    cycles: int
    """Cycles (or epochs)."""
    updates: int
    """Updates of the weights in all of its cycles."""


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
    """Remaining time of this stage and the later ones; None before a cycle was measured."""
    run_share: float = 0.0
    """Completed share of the run, 0 to 1, by updates of the weights over all of its stages."""

    @property
    def share(self) -> float:
        """Completed share of the stage, 0 to 1."""
        if self.cycles == 0:
            return 0.0
        within = self.step / self.steps if self.steps else 0.0
        return min(1.0, (self.cycle + within) / self.cycles)


def progress_of(history: History, planned: Mapping[str, PlannedStage]) -> Progress:
    """Return the progress of the latest session.

    `planned` has the stages of the run that train, in order; where it is empty, the run's share is
    that of its stage.
    """
    stage = history.stage
    if stage is None:
        before = Progress("", 0, 0, 0, 0, None, None)
        return replace(before, run_share=_run_share(history, before, planned))
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
    return replace(
        done,
        seconds_left=_seconds_left(measured, done, planned),
        run_share=_run_share(history, done, planned),
    )


def _run_share(history: History, done: Progress, planned: Mapping[str, PlannedStage]) -> float:
    """Return the share of a run's updates that are done.

    Every stage that was measured counts, also by an earlier session; those before the last of them
    are complete, and all are once the run is evaluated.
    """
    if not planned:
        return done.share
    stages = list(planned)
    begun = [at for at, stage in enumerate(stages) if stage in {done.stage, *history.cycles}]
    if done.stage not in planned and done.stage not in _BEFORE_TRAINING:
        return 1.0
    if not begun:
        return 0.0
    last = stages[begun[-1]]
    measured = len(history.cycles_of(last)) / max(1, planned[last].cycles)
    share = max(min(1.0, measured), done.share if last == done.stage else 0.0)
    updates = sum(planned[stage].updates for stage in stages[: begun[-1]])
    total = sum(each.updates for each in planned.values())
    return (updates + planned[last].updates * share) / max(1, total)


def _seconds_left(
    measured: list[CycleEnded], done: Progress, planned: Mapping[str, PlannedStage]
) -> float | None:
    """Predict by recent cycles; cycle 0 of L-C has no L step and is left out."""
    durations = [cycle.seconds for cycle in measured if cycle.cycle > 0][-_RECENT:]
    if not durations or done.cycles == 0:
        return None
    within = done.step / done.steps if done.steps else 0.0
    seconds = sum(durations) / len(durations)
    stages = list(planned)
    later = stages[stages.index(done.stage) + 1 :] if done.stage in planned else []
    updates = sum(planned[stage].updates for stage in later)
    return seconds * max(0.0, done.cycles - done.cycle - within + updates / (done.steps or 1))
