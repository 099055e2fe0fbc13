"""Extends a study for `medtui extend`, and follows what is new."""

import sys
from collections.abc import Sequence

from medtui.cli.follow.evaluation_process import INTERRUPTED
from medtui.cli.follow.foreground import OutputOptions, Session, announce, warn_of_end
from medtui.cli.follow.signals import Interrupts
from medtui.cli.run_lookup import Target
from medtui.jobs.extension import extend_study
from medtui.jobs.external import EvaluationProcess, with_baselines
from medtui.jobs.launcher import resume_study, stop_study
from medtui.preset.external import ExternalSite
from medtui.protocol.external import EvaluateMessage, SiteMeasured
from medtui.runs.external_record import read_externals
from medtui.runs.folder import RunFolder, StudyFolder


def extend_and_follow(
    study: StudyFolder, overrides: Sequence[str], output: OutputOptions, *, is_detached: bool
) -> int:
    """Add to a study, evaluate its finished runs, start the rest; return the exit code.

    Raises:
        MedtuiError: nothing was added, and nothing started.
    """
    announce(f"{study.name}: checking the data and what is added", output)
    extension = extend_study(study, overrides)
    for note in extension.notes:
        announce(f"note: {note}", output)
    announce(f"{study.name}: {extension.added} added", output)
    try:
        for site in extension.preset.external:
            _evaluate(study, site, output)
    except KeyboardInterrupt:
        announce(f"Cancelled. The new runs start with: medtui resume {study.name}", output)
        return INTERRUPTED
    with Interrupts() as interrupts:
        resume_study(study)
        if is_detached:
            print(study.name)
            announce(f"{study.name} runs in the background: medtui attach {study.name}", output)
            warn_of_end(output)
            return 0
        session = Session(Target(study), output, stop=lambda: stop_study(study))
        return session.follow(interrupts)


def _evaluate(study: StudyFolder, site: ExternalSite, output: OutputOptions) -> None:
    """Evaluate the finished runs that have no result on a data set."""
    runs = [run for run in with_baselines(study.runs()) if not _is_evaluated(run, site)]
    if not runs:
        return

    def report(message: EvaluateMessage) -> None:
        if isinstance(message, SiteMeasured):
            announce(f"{message.run.rpartition('/')[2]}: evaluated on {site.name}", output)

    announce(f"{study.name}: evaluating {len(runs)} finished runs on {site.name}", output)
    process = EvaluationProcess(runs, site)
    try:
        process.follow(report)
    finally:
        process.cancel()


def _is_evaluated(run: RunFolder, site: ExternalSite) -> bool:
    results, problems = read_externals(run)
    for problem in problems:
        print(f"medtui: {problem}", file=sys.stderr)
    return any(each.site == site.name for each in results)
