"""How far a run is, and how it ended, in words."""

from medtui.cli.show.summary import describe_primary, describe_splits
from medtui.events import CycleEnded
from medtui.monitor.run_feed import RunFeed
from medtui.units import format_duration, format_number


def describe_cycle(run: RunFeed, stage: str) -> str:
    """Return a stage's latest cycle: `cycle 4 (5/11): val accuracy 93.3 % (selection)`."""
    cycles = run.history.cycles_of(stage)
    if not cycles:
        return "nothing measured yet"
    words = [*_measurements(run, cycles[-1]), format_duration(cycles[-1].seconds)]
    left = run.progress.seconds_left
    if left and run.progress.stage == stage:
        words.append(f"{format_duration(left)} left")
    counted = f"{len(cycles)}/{planned_cycles(run, stage)}"
    return f"{cycle_word(stage)} {cycles[-1].cycle} ({counted}): {', '.join(words)}"


def planned_cycles(run: RunFeed, stage: str) -> int:
    """Return the number of cycles (or epochs) of a stage; the measured ones without a plan."""
    planned = [each.cycles for each in run.history.stages if each.stage == stage]
    return planned[-1] if planned else len(run.history.cycles.get(stage, {}))


def describe_step(run: RunFeed) -> str:
    """Return how far a run is within its cycle: `cycle 5 of 11, step 120/200, 8 min left`."""
    progress = run.progress
    words = [progress.stage]
    if progress.cycles:
        current = min(progress.cycle + 1, progress.cycles)
        words = [f"{cycle_word(progress.stage)} {current} of {progress.cycles}"]
    if progress.steps:
        words.append(f"step {progress.step}/{progress.steps}")
    if progress.seconds_left is not None:
        words.append(f"{format_duration(progress.seconds_left)} left")
    return ", ".join(words)


def describe_outcome(run: RunFeed) -> str:
    """Return how a run ended: `finished: val accuracy 95.8 % (selection)`."""
    duration = format_duration(run.result.seconds) if run.result else ""
    details = ", ".join(word for word in (describe_primary(run), duration) if word)
    return f"{run.status}: {details}" if details else run.status


def cycle_word(stage: str) -> str:
    """Return the unit of a stage: L-C counts cycles, training counts epochs."""
    return "cycle" if stage == "compress" else "epoch"


def _measurements(run: RunFeed, cycle: CycleEnded) -> list[str]:
    val, *test = describe_splits(run, cycle.val, cycle.test)
    words = [val]
    if cycle.val.get("loss") is not None:
        words.append(f"loss {format_number(cycle.val['loss'])}")
    words += test
    if cycle.gap is not None:
        words.append(f"constraint violation {format_number(cycle.gap, 2)}")
    return words
