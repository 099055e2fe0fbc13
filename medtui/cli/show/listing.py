"""Studies and their runs as tables."""

import sys
from collections.abc import Sequence

from medtui.cli.show.searches import searches_of
from medtui.cli.show.summary import study_table
from medtui.cli.shown_path import shown_path
from medtui.cli.table import render_table
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.study_summary import StudySummary
from medtui.sharing.marker import SENTENCE, is_pseudonymised
from medtui.units import MISSING, format_density, format_duration

HEADERS = ("run", "state", "density", "actual", "metric", "val (selection)", "test",
           "cycle kept", "time")  # fmt: skip
"""Studies of different tasks share this list, so each row names its primary metric."""


def runs_table(runs: Sequence[RunSummary]) -> str:
    """Return a table with one row per run."""
    return render_table(HEADERS, [_row(run) for run in runs])


def waiting_lines(studies: Sequence[StudySummary]) -> list[str]:
    """Return a line for each study that waits for a GPU on which others compute."""
    return [f"{each.name}: waiting: {each.waiting_for}" for each in studies if each.waiting_for]


def describe_study(study: StudyFeed) -> str:
    """Return a study's state and its table."""
    state = "running" if study.is_live else "idle"
    if study.is_waiting:
        state = f"waiting ({study.waiting_for})" if study.waiting_for else "waiting"
    counted = f"{study.count('finished')} of {study.num_planned} runs finished"
    lines = [f"{study.folder.name}: {state}, {counted}, in {shown_path(study.folder.path)}"]
    if study.preset is not None and study.preset.note:
        lines.append(study.preset.note)
    lines += [f"problem: {study.problem}"] if study.problem else []
    lines += [SENTENCE] if is_pseudonymised(study.folder) else []
    lines += ["", study_table(study)]
    lines += ["", *found] if (found := searches_of(study)) else []
    return "\n".join(lines)


def warn_of_damage(studies: Sequence[StudySummary], problem: str = "") -> None:
    """Write to stderr which folders could not be read; `problem` is of the runs folder."""
    found = [problem]
    for study in studies:
        found += [study.problem, *(run.problem for run in study.runs)]
    for each in filter(None, found):
        print(f"medtui: {each}", file=sys.stderr)


def _row(run: RunSummary) -> list[str]:
    metric = run.headline
    return [
        run.key,
        run.state,
        format_density(run.asked_density),
        MISSING if run.density is None else f"{run.density:.4g}",
        metric.label,
        metric.show(run.val),
        run.test_text,
        MISSING if run.cycle is None else str(run.cycle),
        _describe_time(run),
    ]


def _describe_time(run: RunSummary) -> str:
    """Return how long a run took or, while it is live, how long it still takes."""
    if run.status == "finished":
        return format_duration(run.seconds)
    return MISSING if run.seconds_left is None else f"{format_duration(run.seconds_left)} left"
