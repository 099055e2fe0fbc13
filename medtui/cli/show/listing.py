"""Studies and their runs as tables."""

import sys
from collections.abc import Sequence

from medtui.cli.follow.foreground import shown_path
from medtui.cli.show.searches import searches_of
from medtui.cli.show.summary import describe_duration, study_table
from medtui.cli.table import render_table
from medtui.monitor.catalogue import RunFeed, StudyFeed
from medtui.monitor.run_summary import summarise_run
from medtui.units import MISSING, format_density

HEADERS = ("run", "state", "density", "actual", "metric", "val (selection)", "test",
           "cycle kept", "time")  # fmt: skip
"""Studies of different tasks share this list, so each row names its primary metric."""


def runs_table(studies: Sequence[StudyFeed]) -> str:
    """Return a table with one row per run."""
    return render_table(HEADERS, [_row(study, run) for study in studies for run in study.runs])


def describe_study(study: StudyFeed) -> str:
    """Return a study's state and its table."""
    state = "running" if study.is_live else "idle"
    counted = f"{study.count('finished')} of {study.num_planned} runs finished"
    lines = [f"{study.folder.name}: {state}, {counted}, in {shown_path(study.folder.path)}"]
    if study.preset is not None and study.preset.note:
        lines.append(study.preset.note)
    lines += [f"problem: {study.problem}"] if study.problem else []
    lines += ["", study_table(study)]
    lines += ["", *found] if (found := searches_of(study)) else []
    return "\n".join(lines)


def warn_of_damage(studies: Sequence[StudyFeed], problem: str = "") -> None:
    """Write to stderr which folders could not be read; `problem` is of the runs folder."""
    found = [problem]
    for study in studies:
        found += [study.problem, *(run.problem for run in study.runs)]
    for each in filter(None, found):
        print(f"medtui: {each}", file=sys.stderr)


def _row(study: StudyFeed, run: RunFeed) -> list[str]:
    summary = summarise_run(study, run)
    metric = summary.headline
    return [
        summary.key,
        summary.status,
        format_density(summary.asked_density),
        MISSING if summary.density is None else f"{summary.density:.4g}",
        metric.label,
        metric.show(summary.val),
        metric.show(summary.test),
        MISSING if summary.cycle is None else str(summary.cycle),
        describe_duration(run),
    ]
