"""A study's runs as rows for people and as objects for programs; live and finished alike."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from medtui.cli.table import render_table
from medtui.events import CycleEnded, Metrics, RunFailed
from medtui.metrics import Metric, primary_metric
from medtui.monitor.catalogue import RunFeed, StudyFeed
from medtui.preset import Cell
from medtui.runs.exports import read_exports
from medtui.runs.result import SplitResult
from medtui.units import (
    MISSING,
    format_bytes,
    format_count,
    format_density,
    format_duration,
)


def study_table(study: StudyFeed, runs: Sequence[RunFeed] | None = None) -> str:
    """Return a study's table: the primary metric with its 95 % interval, densities and sizes."""
    chosen = study.runs if runs is None else runs
    metric = primary_metric(study.task)
    headers = ("run", "state", f"val {metric.label}", f"test {metric.label}", "density", "reached",
               "parameters", "nonzero", "dense", "packed", "cycle")  # fmt: skip
    return render_table(headers, [_row(run, study.cell_of(run), metric) for run in chosen])


def run_object(study: StudyFeed, run: RunFeed) -> dict[str, Any]:
    """Give all that is known of a run as plain JSON values."""
    cell, progress, ending = study.cell_of(run), run.progress, run.history.ending
    task = run.task or study.task
    return {
        "study": study.folder.name,
        "run": run.folder.name,
        "folder": str(run.folder.path),
        "status": run.status,
        "scheme": "reference" if run.folder.is_reference else cell and cell.scheme.name,
        "density": asked_density(cell),
        "seed": cell and cell.seed,
        "task": task,
        "primary_metric": primary_metric(task).name,
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
        "exports": msgspec.to_builtins(read_exports(run.folder.exports)),
    }


def print_object(value: dict[str, Any]) -> None:
    """Write one object on one line of stdout, at once."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)


def describe_primary(run: RunFeed) -> str:
    """Return what a run has reached so far: `val accuracy 95.8 %, test accuracy 95.1 %`.

    Empty before the first measurement.
    """
    if run.result is not None:
        val, test = run.result.val.metrics, run.result.test.metrics
    elif run.best is not None:
        val, test = run.best.val, run.best.test
    else:
        return ""
    return ", ".join(describe_splits(run, val, test))


def describe_splits(run: RunFeed, val: Metrics, test: Metrics) -> list[str]:
    """Return the run's primary metric on val and, where it was measured, on test."""
    metric = primary_metric(run.task or "single")
    words = [f"val {metric.label} {metric.show(metric.of(val))}"]
    if metric.of(test) is not None:
        words.append(f"test {metric.label} {metric.show(metric.of(test))}")
    return words


def format_interval(split: SplitResult, metric: Metric) -> str:
    """Return a metric with its 95 % interval: `95.8 % [94.1, 97.2]`, `0.991 [0.985, 0.996]`."""
    return metric.show_interval(metric.of(split.metrics), split.intervals.get(metric.name))


def asked_density(cell: Cell | None) -> float | None:
    """Give the density that was asked for, by the grid or by the scheme itself."""
    if cell is None:
        return None
    if cell.density is not None:
        return cell.density
    fixed = [getattr(operator, "density", None) for operator in cell.scheme.operators]
    return next((density for density in fixed if density is not None), None)


def _row(run: RunFeed, cell: Cell | None, metric: Metric) -> list[str]:
    asked = format_density(asked_density(cell))
    result = run.result
    if result is None:
        return [run.folder.name, run.status, *_measured(run.best, asked, metric)]
    size = result.size
    return [
        run.folder.name,
        run.status,
        format_interval(result.val, metric),
        format_interval(result.test, metric),
        asked,
        f"{size.density:.4g}",
        format_count(size.num_parameters),
        format_count(size.num_nonzero),
        format_bytes(size.bytes_dense),
        format_bytes(size.bytes_packed),
        str(result.best_cycle),
    ]


def _measured(best: CycleEnded | None, asked: str, metric: Metric) -> list[str]:
    """Give an unfinished run's cells: what its best cycle measured, and nothing it did not."""
    if best is None:
        return [MISSING, MISSING, asked, *[MISSING] * 6]
    reached = MISSING if best.density is None else f"{best.density:.4g}"
    return [
        metric.show(metric.of(best.val)),
        metric.show(metric.of(best.test)),
        asked,
        reached,
        *[MISSING] * 4,
        str(best.cycle),
    ]


def describe_duration(run: RunFeed) -> str:
    """Give how long a run took or, while it is not finished, how long it has still to go."""
    if run.result is not None:
        return format_duration(run.result.seconds)
    left = run.progress.seconds_left if run.is_live else None
    return MISSING if left is None else f"{format_duration(left)} left"
