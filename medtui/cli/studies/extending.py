"""Extends a study for `medtui extend`, and follows what is new."""

import sys
from collections.abc import Sequence

from medtui.cli.follow.foreground import OutputOptions, announce
from medtui.cli.follow.signals import INTERRUPTED
from medtui.cli.models.evaluation_process import EvaluationProgress
from medtui.cli.studies.resuming import resume_and_follow
from medtui.jobs.extension import extend_study
from medtui.jobs.external import EvaluationProcess, with_baselines
from medtui.preset.external import ExternalSite
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
    return resume_and_follow(study, output, is_detached=is_detached)


def _evaluate(study: StudyFolder, site: ExternalSite, output: OutputOptions) -> None:
    """Evaluate the finished runs that have no result on a data set."""
    runs = [run for run in with_baselines(study.runs()) if not _is_evaluated(run, site)]
    if not runs:
        return
    announce(f"{study.name}: evaluating {len(runs)} finished runs on {site.name}", output)
    process = EvaluationProcess(runs, site)
    try:
        process.follow(EvaluationProgress(is_quiet=output.is_quiet).report)
    finally:
        process.cancel()


def _is_evaluated(run: RunFolder, site: ExternalSite) -> bool:
    results, problems = read_externals(run)
    for problem in problems:
        print(f"medtui: {problem}", file=sys.stderr)
    return any(each.site == site.name for each in results)
