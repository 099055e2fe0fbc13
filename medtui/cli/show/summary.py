"""A study's runs as table rows and as JSON objects, running or finished."""

from collections.abc import Sequence
from typing import Any

import msgspec

from medtui.cli.show.changes import run_change_object
from medtui.cli.table import render_table
from medtui.events import Metrics, RunFailed
from medtui.metrics import Metric, Task, positive_class, primary_metric
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_run import asked_density, kept_model, summarise_run
from medtui.runs.exports import read_exports
from medtui.runs.result import SplitResult
from medtui.units import (
    MISSING,
    SEALED,
    format_bytes,
    format_count,
    format_density,
    format_duration,
)


def study_table(study: StudyFeed, runs: Sequence[RunFeed] | None = None) -> str:
    """Return a study's table: the primary metric with its 95 % interval, densities and sizes."""
    chosen = study.runs if runs is None else runs
    metric = primary_metric(study.task)
    changes = ("from control", "from reference") if study.has_control else ()
    headers = ("run", "state", f"val {metric.label} (selection)", f"test {metric.label}", *changes,
               "density", "actual", "parameters", "nonzero", "dense size", "sparse size",
               "cycle kept")  # fmt: skip
    return render_table(headers, [_row(study, run) for run in chosen])


def run_object(study: StudyFeed, run: RunFeed) -> dict[str, Any]:
    """Return all that is known of a run as plain JSON values."""
    cell, progress, ending = study.cell_of(run), run.progress, run.history.ending
    task = run.task or study.task
    return {
        "study": study.folder.name,
        "run": run.folder.name,
        "folder": str(run.folder.path),
        "status": run.status,
        "waiting_for": run.waiting_for or None,
        "is_copy": run.is_copy,
        "job": msgspec.to_builtins(run.job),
        "scheme": "reference" if run.folder.is_reference else cell and cell.scheme.name,
        "density": asked_density(cell),
        "seed": cell and cell.seed,
        "task": task,
        "primary_metric": primary_metric(task).name,
        "positive_class": _positive_class(run, task),
        "progress": {
            "stage": progress.stage,
            "cycle": progress.cycle,
            "cycles": progress.cycles,
            "step": progress.step,
            "steps": progress.steps,
            "seconds_left": progress.seconds_left,
        },
        "best": msgspec.to_builtins(run.best),
        "failure": msgspec.to_builtins(ending) if isinstance(ending, RunFailed) else None,
        "problem": run.problem or None,
        "result": msgspec.to_builtins(run.result),
        **run_change_object(study, run),
        "exports": msgspec.to_builtins(read_exports(run.folder.exports)),
    }


def _positive_class(run: RunFeed, task: Task) -> str | None:
    """Return the class that a run's sensitivity and its like are about, also before its end."""
    data, result = run.history.data, run.result
    if result is not None:
        found = result.positive
    else:
        found = positive_class(data.classes, task, data.positive_class) if data else None
    return found.name if found else None


def describe_primary(run: RunFeed) -> str:
    """Return a run's metrics so far: `val accuracy 95.8 % (selection), test accuracy 95.1 %`.

    Empty before the first measurement.
    """
    kept = kept_model(run)
    return ", ".join(describe_splits(run, kept.val, kept.test)) if kept.val else ""


def describe_splits(run: RunFeed, val: Metrics, test: Metrics) -> list[str]:
    """Return the run's primary metric on val and, where it was measured, on test.

    Val is marked: cycles, thresholds and runs are chosen by it.
    """
    metric = primary_metric(run.task or "single")
    words = [f"val {metric.label} {metric.show(metric.of(val))} (selection)"]
    if run.result is not None and run.is_sealed:
        words.append(f"test {metric.label} {SEALED}")
    elif metric.of(test) is not None:
        words.append(f"test {metric.label} {metric.show(metric.of(test))}")
    return words


def format_interval(split: SplitResult, metric: Metric) -> str:
    """Return a metric with its 95 % interval: `95.8 % [94.1, 97.2]`, `0.991 [0.985, 0.996]`."""
    return metric.show_interval(metric.of(split.metrics), split.intervals.get(metric.name))


def _row(study: StudyFeed, run: RunFeed) -> list[str]:
    summary, result = summarise_run(study, run), run.result
    metric = summary.headline
    size = result.size if result else None
    return [
        summary.name,
        summary.state,
        format_interval(result.val, metric) if result else metric.show(summary.val),
        format_interval(result.test, metric)
        if result and not summary.is_sealed
        else summary.test_text,
        *(_changes(study, run, metric) if study.has_control else ()),
        format_density(summary.asked_density),
        MISSING if summary.density is None else f"{summary.density:.4g}",
        format_count(size.num_parameters) if size else MISSING,
        format_count(size.num_nonzero) if size else MISSING,
        format_bytes(size.bytes_dense) if size else MISSING,
        format_bytes(size.bytes_packed) if size else MISSING,
        MISSING if summary.cycle is None else str(summary.cycle),
    ]


def _changes(study: StudyFeed, run: RunFeed, metric: Metric) -> list[str]:
    """Return the changes of a run's primary metric on test, from the control and the reference."""
    value = metric.of(kept_model(run).test)
    if run.is_sealed:
        return [SEALED, SEALED]
    baselines = [study.control_of(run), study.reference_of(run)]
    others = [metric.of(kept_model(each).test) if each else None for each in baselines]
    return [
        MISSING if value is None or other is None else metric.show_change(value - other)
        for other in others
    ]


def describe_duration(run: RunFeed) -> str:
    """Return how long a run took or, while it is live, how long it still takes."""
    if run.result is not None:
        return format_duration(run.result.seconds)
    left = run.progress.seconds_left if run.is_live else None
    return MISSING if left is None else f"{format_duration(left)} left"
