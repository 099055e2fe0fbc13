"""A command that follows a study in the foreground, up to the final table and exit code."""

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from medtui.cli.follow.exit_status import exit_code_of, explain_failures
from medtui.cli.follow.signals import Interrupts
from medtui.cli.follow.watcher import Follower, choose_output
from medtui.cli.json_lines import print_object
from medtui.cli.run_lookup import Target, read_study, run_in
from medtui.cli.show.benchmarks import describe_benchmarks
from medtui.cli.show.searches import search_objects, searches_of
from medtui.cli.show.summary import run_object, study_table
from medtui.cli.show.tracking import describe_tracking
from medtui.cli.stream import optional_output
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed


@dataclass(frozen=True)
class OutputOptions:
    """How much is printed, and in which form."""

    as_json: bool = False
    """Whether stdout gets one JSON object per run as it ends, instead of the table."""
    is_quiet: bool = False
    """Whether stderr gets only failures."""
    is_verbose: bool = False
    """Whether stderr also gets the workers' logs."""


@dataclass
class Session:
    """One foreground command that follows a study or a run until it ends or is interrupted."""

    target: Target
    output: OutputOptions
    stop: Callable[[], object] | None = None
    """Stops the study on a signal; None leaves it running (`attach`)."""

    def __post_init__(self) -> None:
        self._printed: set[str] = set()

    def follow(self, interrupts: Interrupts) -> int:
        """Follow to the end and return the exit code; `interrupts` is already active."""
        study = read_study(self.target.study)
        try:
            self._narrate(study, interrupts)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            interrupts.hang_up()  # the terminal is closed, perhaps without a SIGHUP
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
            announce(sentence, self.output)
        return exit_code_of(study, run)

    def _narrate(self, study: StudyFeed, interrupts: Interrupts) -> None:
        output = choose_output(study, is_quiet=self.output.is_quiet)
        follower = Follower(
            study,
            output,
            only=self.target.run,
            is_verbose=self.output.is_verbose,
            on_end=self._print_ended,
        )
        try:
            if self.stop is None and study.is_live:
                output.say(
                    "",
                    f"following {self.target.name}; Ctrl+C leaves it running",
                )
            follower.follow(interrupts)
            if interrupts.received is None or interrupts.is_hangup:
                return
            name = self.target.name
            if self.stop is None:
                output.say("", f"{name} keeps running. Stop it: medtui stop {name}")
                return
            output.say("", "stopping after this step; press Ctrl+C again to exit at once")
            self.stop()
            follower.await_end()
            output.say("", f"stopped. Resume: medtui resume {name}")
        finally:
            output.close()

    def _print_ended(self, study: StudyFeed, run: RunFeed) -> None:
        if self.output.as_json and run.status != "crashed":  # a crashed worker is restarted
            self._printed.add(run.folder.name)
            with optional_output(f"The result of {run.folder.name}"):
                print_object(run_object(study, run))

    def _print_rest(self, study: StudyFeed, run: RunFeed | None) -> None:
        runs = study.runs if run is None else [run]
        with optional_output(f"{study.folder.name} has ended, but its results"):
            if not self.output.as_json:
                print(study_table(study, runs))
                if run is None:
                    print("".join(f"{sentence}\n" for sentence in searches_of(study)), end="")
                    self._print_benchmarks(study)
                return
            for each in runs:
                if each.folder.name not in self._printed:
                    print_object(run_object(study, each))
            for found in search_objects(study) if run is None else ():
                print_object(found)

    @staticmethod
    def _print_benchmarks(study: StudyFeed) -> None:
        """Print what the study measured of its models, where its preset enables the benchmark."""
        if study.preset is None or not study.preset.bench.enabled:
            return
        if text := describe_benchmarks([each.folder for each in study.runs]):
            print(f"\n{text}", flush=True)


def _abandon_terminal() -> None:
    """Redirect the flush at exit to /dev/null."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


def announce(text: str, output: OutputOptions) -> None:
    """Write a line to stderr unless output is quiet."""
    if not output.is_quiet:
        print(text, file=sys.stderr, flush=True)


def warn_of_end(output: OutputOptions) -> None:
    """Warn if the detached study ends with its container, or at logout, with the remedy."""
    if os.getpid() == 1:
        announce(
            "warning: this is process 1 of a container, which ends with it and kills the study.\n"
            "  Leave out --detach, or start medtui from a process that stays.",
            output,
        )
    from medtui.doctor.login import detach_remedy, why_detached_work_ends

    reason = why_detached_work_ends()
    if reason:
        announce(f"warning: {reason}.\n  {detach_remedy()}", output)
