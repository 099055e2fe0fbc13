"""Follows a study by its folder: shows what is new and detects when it has ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from medtui.cli.follow.narration import NoOutput, PlainLines, ProgressOutput
from medtui.cli.follow.signals import Interrupts
from medtui.cli.show.progress import describe_outcome
from medtui.cli.show.searches import searches_of
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.folder import RunFolder
from medtui.runs.log.history import Line
from medtui.runs.status import UNENDED
from medtui.storage import open_regular

POLL_SECONDS = 0.25

STOP_POLL_SECONDS = 0.05
"""The same after a stop request: containers are killed soon after they are asked to stop."""

MAX_LOG_BYTES = 1024 * 1024
"""Bytes of a text log that are shown at once; what is before them is left out."""


@dataclass
class LogTail:
    """Follows a text log by whole lines, from its end at construction."""

    path: Path
    offset: int = 0

    def poll(self) -> list[str]:
        """Return the lines that were completed since the last poll."""
        try:
            with open_regular(self.path) as file:
                size = file.seek(0, 2)
                if size - self.offset > MAX_LOG_BYTES:  # more than a process prints in a moment
                    self.offset = size - MAX_LOG_BYTES
                file.seek(self.offset)
                chunk = file.read(max(0, size - self.offset))
        except OSError:
            return []
        whole = chunk[: chunk.rfind(b"\n") + 1]
        self.offset += len(whole)
        return whole.decode("utf-8", "replace").splitlines()


@dataclass
class Follower:
    """Reads one study until it, or the one run of interest, has ended."""

    study: StudyFeed
    output: ProgressOutput
    only: RunFolder | None = None
    """The one run of interest; None follows the whole study."""
    is_verbose: bool = False
    """Whether the workers' logs are shown as well."""
    on_end: Callable[[StudyFeed, RunFeed], None] | None = None
    """Called for each run that ends while it is followed."""
    _last_lines: dict[str, Line] = field(default_factory=dict)
    _statuses: dict[str, str] = field(default_factory=dict)
    _logs: dict[str, LogTail] = field(default_factory=dict)
    _shown: set[str] = field(default_factory=set)
    """Messages about searches that were already shown."""
    _waiting_for: str = ""
    """What the study was last said to wait for."""

    def __post_init__(self) -> None:
        for run in self.study.runs:
            self._statuses[run.folder.name] = run.status
            if run.history.lines:
                self._last_lines[run.folder.name] = run.history.lines[-1]
            self._logs[run.folder.name] = LogTail(
                run.folder.worker_log, _size(run.folder.worker_log)
            )
        self._shown.update(searches_of(self.study))
        log = self.study.folder.bench_log
        self._bench_log = LogTail(log, _size(log))

    @property
    def runs(self) -> list[RunFeed]:
        """The runs of interest."""
        if self.only is None:
            return self.study.runs
        return [run for run in self.study.runs if run.folder.name == self.only.name]

    def step(self) -> bool:
        """Read and show what is new; return whether there is more to come."""
        is_over = self._is_over()
        self.study.refresh()
        for run in self.runs:
            self._show(run)
        if self.study.waiting_for != self._waiting_for:
            self._waiting_for = self.study.waiting_for
            if self._waiting_for:
                self.output.say("study", f"waiting: {self._waiting_for}")
        for text in searches_of(self.study) if self.only is None else ():
            if text not in self._shown:
                self._shown.add(text)
                self.output.say("search", text)
        for text in self._bench_log.poll():
            self.output.say("bench", text)
        self.output.show(self.study)
        return not is_over or any(run.is_behind for run in self.runs)

    def follow(self, interrupts: Interrupts) -> None:
        """Step until the end, or until a signal came."""
        while interrupts.received is None and self.step():
            time.sleep(POLL_SECONDS)

    def await_end(self) -> None:
        """Step until nothing is running."""
        while self.step():
            time.sleep(STOP_POLL_SECONDS)

    def _is_over(self) -> bool:
        """Judge by the last refresh, so that one more refresh reads the final events."""
        if self.only is not None:
            return all(run.status not in UNENDED for run in self.runs) or (
                not self.study.is_live and not any(run.is_live for run in self.runs)
            )
        return not self.study.is_live

    def _show(self, run: RunFeed) -> None:
        name = run.folder.name
        if self.is_verbose:
            for text in self._logs.setdefault(name, LogTail(run.folder.worker_log)).poll():
                self.output.say(f"{name} log", text)
        for line in _newer(run, self._last_lines.get(name)):
            self._last_lines[name] = line
            if line.text == "finished":
                continue  # shown below, with its metrics
            prefix = "warning: " if line.level == "warning" else ""
            self.output.say(name, prefix + line.text)
        before = self._statuses.get(name)
        self._statuses[name] = run.status
        if before != run.status and run.status not in UNENDED:
            if run.status in {"finished", "crashed", "silent"}:
                self.output.say(name, describe_outcome(run))
            if self.on_end is not None:
                self.on_end(self.study, run)


def choose_output(study: StudyFeed, *, is_quiet: bool) -> ProgressOutput:
    """Return the output that suits stderr."""
    if is_quiet:
        return NoOutput()
    from rich.console import Console

    if not Console(stderr=True).is_interactive:
        return PlainLines(study)
    from medtui.cli.follow.live_bar import LiveBar

    return LiveBar()


def _newer(run: RunFeed, last: Line | None) -> list[Line]:
    """Return the log's lines after `last`, which a long log may no longer contain."""
    found: list[Line] = []
    for line in reversed(run.history.lines):
        if line is last:
            break
        found.append(line)
    return found[::-1]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
