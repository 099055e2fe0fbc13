"""A follower in the foreground, from its first line to the table and the exit code."""

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medtui.cli.follow.exit_status import exit_code_of, explain_failures
from medtui.cli.follow.signals import Interrupts
from medtui.cli.follow.watcher import Follower, choose_narrator
from medtui.cli.run_lookup import Target, read_study, run_in
from medtui.cli.show.searches import search_objects, searches_of
from medtui.cli.show.summary import print_object, run_object, study_table
from medtui.cli.show.tracking import describe_tracking
from medtui.monitor.catalogue import RunFeed, StudyFeed


@dataclass(frozen=True)
class Telling:
    """How much is told, and in which form."""

    as_json: bool = False
    """Whether stdout gets one object for each run, as it ends, in place of the table."""
    is_quiet: bool = False
    """Whether stderr gets failures alone."""
    is_verbose: bool = False
    """Whether stderr gets the workers' logs too."""


@dataclass
class Session:
    """One foreground command that follows a study or a run until it ends or is interrupted."""

    target: Target
    telling: Telling
    stop: Callable[[], object] | None = None
    """Stops the work when a signal comes; None leaves it running, as for one who only looks on."""

    def __post_init__(self) -> None:
        self._printed: set[str] = set()

    def follow(self, interrupts: Interrupts) -> int:
        """Follow to the end; give the exit code. `interrupts` is entered already."""
        study = read_study(self.target.study)
        try:
            self._narrate(study, interrupts)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            interrupts.hang_up()  # the terminal is gone, and may not have said so
        if interrupts.is_hangup:
            _abandon_terminal()
            return interrupts.exit_code
        run = run_in(study, self.target.run) if self.target.run else None
        self._print_rest(study, run)
        if interrupts.received is not None:
            return interrupts.exit_code
        for sentence in explain_failures(study, run):
            print(f"medtui: {sentence}", file=sys.stderr)
        for sentence in describe_tracking(study, run):
            announce(sentence, self.telling)
        return exit_code_of(study, run)

    def _narrate(self, study: StudyFeed, interrupts: Interrupts) -> None:
        narrator = choose_narrator(study, is_quiet=self.telling.is_quiet)
        follower = Follower(
            study,
            narrator,
            only=self.target.run,
            is_verbose=self.telling.is_verbose,
            on_end=self._print_ended,
        )
        try:
            if self.stop is None and study.is_live:
                narrator.say("", f"following {self.target.name}; Ctrl+C leaves it running")
            follower.follow(interrupts)
            if interrupts.received is None or interrupts.is_hangup:
                return
            name = self.target.name
            if self.stop is None:
                narrator.say("", f"{name} goes on; `medtui stop {name}` stops it")
                return
            narrator.say("", "stopping after this step; once more leaves at once")
            self.stop()
            follower.await_end()
            narrator.say("", f"stopped; `medtui resume {name}` goes on")
        finally:
            narrator.close()

    def _print_ended(self, study: StudyFeed, run: RunFeed) -> None:
        if self.telling.as_json and run.status != "lost":  # a crashed worker is started again
            self._printed.add(run.folder.name)
            print_object(run_object(study, run))

    def _print_rest(self, study: StudyFeed, run: RunFeed | None) -> None:
        runs = study.runs if run is None else [run]
        if not self.telling.as_json:
            print(study_table(study, runs), flush=True)
            if run is None:
                print("".join(f"{sentence}\n" for sentence in searches_of(study)), end="")
            return
        for each in runs:
            if each.folder.name not in self._printed:
                print_object(run_object(study, each))
        for found in search_objects(study) if run is None else ():
            print_object(found)


def _abandon_terminal() -> None:
    """Let the flush at exit find somewhere to write."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


def announce(text: str, telling: Telling) -> None:
    """Write a line of narration, unless it shall be quiet."""
    if not telling.is_quiet:
        print(text, file=sys.stderr, flush=True)


def warn_of_logout(telling: Telling) -> None:
    """Say so where logind would end detached work with the login, and what helps."""
    from medtui.doctor.login import detach_cure, why_detached_work_ends

    reason = why_detached_work_ends()
    if reason:
        announce(f"warning: {reason}.\n  {detach_cure()}", telling)


def shown_path(path: Path) -> str:
    """Return a path as short as it can be written here."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here) if resolved.is_relative_to(here) else resolved)
