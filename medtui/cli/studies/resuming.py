"""Starts what a study has not finished, and follows it."""

from medtui.cli.follow.foreground import OutputOptions, Session, announce, warn_of_end
from medtui.cli.follow.signals import Interrupts
from medtui.cli.run_lookup import Target
from medtui.jobs.launcher import resume_study, stop_study
from medtui.runs.folder import StudyFolder


def resume_and_follow(study: StudyFolder, output: OutputOptions, *, is_detached: bool) -> int:
    """Resume a study; follow it to its end unless it is detached; return the exit code.

    Raises:
        UsageError: the environment has a value that no worker takes.
        EnvironmentProblem: the study is running already, or did not start.
    """
    with Interrupts() as interrupts:
        announce(f"{study.name}: resuming", output)
        resume_study(study)
        if is_detached:
            print(study.name)
            announce(
                f"{study.name} runs in the background. Follow it: medtui attach {study.name}",
                output,
            )
            warn_of_end(output)
            return 0
        session = Session(Target(study), output, stop=lambda: stop_study(study))
        return session.follow(interrupts)
