"""How a followed study is shown on stderr: plain lines, live bars, or nothing."""

import sys
import time
from typing import Protocol, TextIO

from medtui.cli.show.progress import describe_cycle, describe_step, planned_cycles
from medtui.control_characters import one_line
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed

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
