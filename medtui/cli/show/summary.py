"""A study's runs as rows for people and as objects for programs; live and finished alike."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from medtui.cli.table import render_table
from medtui.events import CycleEnded, RunFailed
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
    format_percent,
)

HEADERS = (
    "run", "state", "val accuracy", "test accuracy", "density", "reached",
    "parameters", "nonzero", "dense", "packed", "cycle",
)  # fmt: skip


def study_table(study: StudyFeed, runs: Sequence[RunFeed] | None = None) -> str:
    """Give a study's table: accuracy with its 95 % interval, densities and sizes of every run."""
    chosen = study.runs if runs is None else runs
    rows = [_row(run, study.cell_of(run)) for run in chosen]
    return render_table(HEADERS, rows)


def run_object(study: StudyFeed, run: RunFeed) -> dict[str, Any]:
    """Give all that is known of a run as plain JSON values."""
    cell, progress, ending = study.cell_of(run), run.progress, run.history.ending
    return {
        "study": study.folder.name,
        "run": run.folder.name,
        "folder": str(run.folder.path),
        "status": run.status,
        "scheme": "reference" if run.folder.is_reference else cell and cell.scheme.name,
        "density": asked_density(cell),
        "seed": cell and cell.seed,
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


def describe_accuracy(run: RunFeed) -> str:
    """Give what a run has reached by now in a few words; empty before the first measurement."""
    if run.result is not None:
        val, test = run.result.val.metrics, run.result.test.metrics
    elif run.best is not None:
        val, test = run.best.val, run.best.test
    else:
        return ""
    words = [f"val {format_percent(val.get('accuracy'))}"]
    if test.get("accuracy") is not None:
        words.append(f"test {format_percent(test['accuracy'])}")
    return ", ".join(words)


def format_interval(split: SplitResult, metric: str, *, is_share: bool = True) -> str:
    """Give a metric with its 95 % interval: `95.8 % [94.1, 97.2]`, `0.991 [0.985, 0.996]`."""
    value, interval = split.metrics.get(metric), split.intervals.get(metric)
    if value is None:
        return MISSING
    scale, digits = (100, 1) if is_share else (1, 3)
    text = f"{value * scale:.{digits}f}{' %' if is_share else ''}"
    if interval is None:
        return text
    low, high = interval
    return f"{text} [{low * scale:.{digits}f}, {high * scale:.{digits}f}]"


def asked_density(cell: Cell | None) -> float | None:
    """Give the density that was asked for, by the grid or by the scheme itself."""
    if cell is None:
        return None
    if cell.density is not None:
        return cell.density
    fixed = [getattr(operator, "density", None) for operator in cell.scheme.operators]
    return next((density for density in fixed if density is not None), None)


def _row(run: RunFeed, cell: Cell | None) -> list[str]:
    asked = format_density(asked_density(cell))
    result = run.result
    if result is None:
        return [run.folder.name, run.status, *_measured(run.best, asked)]
    size = result.size
    return [
        run.folder.name,
        run.status,
        format_interval(result.val, "accuracy"),
        format_interval(result.test, "accuracy"),
        asked,
        f"{size.density:.4g}",
        format_count(size.num_parameters),
        format_count(size.num_nonzero),
        format_bytes(size.bytes_dense),
        format_bytes(size.bytes_packed),
        str(result.best_cycle),
    ]


def _measured(best: CycleEnded | None, asked: str) -> list[str]:
    """Give an unfinished run's cells: what its best cycle measured, and nothing it did not."""
    if best is None:
        return [MISSING, MISSING, asked, *[MISSING] * 6]
    reached = MISSING if best.density is None else f"{best.density:.4g}"
    return [
        format_percent(best.val.get("accuracy")),
        format_percent(best.test.get("accuracy")),
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
