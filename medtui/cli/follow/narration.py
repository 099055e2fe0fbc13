"""How a followed study is shown on stderr: plain lines, live bars, or nothing."""

import sys
import time
from typing import Protocol, TextIO

from medtui.cli.show.summary import describe_primary, describe_splits
from medtui.control_characters import one_line
from medtui.events import CycleEnded
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.units import format_duration, format_number

LINE_INTERVAL = 2.0
"""Seconds between two lines about cycles of one run; quicker cycles are not shown."""

HEARTBEAT = 30.0
"""Seconds without a line after which a line shows the step within the cycle."""


class ProgressOutput(Protocol):
    """Shows the progress of a study."""

    def say(self, run: str, text: str) -> None:
        """Show a message permanently; `run` is empty for messages about the study."""

    def show(self, study: StudyFeed) -> None:
        """Show the current progress."""

    def close(self) -> None:
        """Restore the terminal."""


class NoOutput:
    """Shows nothing."""

    def say(self, run: str, text: str) -> None:
        """Show nothing."""

    def show(self, study: StudyFeed) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class PlainLines:
    """Whole lines for logs and pipes: no carriage returns, no colours."""

    def __init__(self, study: StudyFeed, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._shown = {
            (run.folder.name, stage): len(cycles)
            for run in study.runs
            for stage, cycles in run.history.cycles.items()
        }
        self._cycle_shown_at: dict[str, float] = {}
        """By run: the time of its last line about a cycle."""
        self._line_at: dict[str, float] = {}
        """By run: the time of its last line of any kind."""

    def say(self, run: str, text: str) -> None:
        """Write one line."""
        self._line_at[run] = time.monotonic()
        print(line_of(run, text), file=self._stream, flush=True)

    def show(self, study: StudyFeed) -> None:
        """Write a line for each run with a new cycle, or without a line for `HEARTBEAT` seconds."""
        for run in study.runs:
            self._show_run(run)

    def close(self) -> None:
        """Do nothing."""

    def _show_run(self, run: RunFeed) -> None:
        name, now = run.folder.name, time.monotonic()
        silence = now - self._cycle_shown_at.setdefault(name, now - LINE_INTERVAL)
        for stage, cycles in run.history.cycles.items():
            has_news = len(cycles) > self._shown.get((name, stage), 0)
            is_complete = len(cycles) == planned_cycles(run, stage)
            if has_news and (silence >= LINE_INTERVAL or is_complete):
                self.say(name, describe_cycle(run, stage))
                self._shown[name, stage], self._cycle_shown_at[name] = len(cycles), now
                return
        is_quiet = now - self._line_at.setdefault(name, now) >= HEARTBEAT
        if run.is_live and run.progress.steps and is_quiet:
            self.say(name, describe_step(run))


def line_of(run: str, text: str) -> str:
    """Return one line about a run, or about the study where `run` is empty."""
    return one_line(f"{run}: {text}" if run else text)


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
