"""Makes the summary of a run from what was read of its folder and its study."""

from dataclasses import dataclass

from medtui.analysis.val_curve import curve_of
from medtui.events import CycleEnded, Metrics
from medtui.metrics import Metric, primary_metric
from medtui.monitor.progress import Progress
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_feed import StudyFeed
from medtui.preset import Cell, title_of_cell
from medtui.units import plural

_COMPLETE = Progress("evaluate", 0, 0, 0, 0, None, None, run_share=1.0)
"""Progress of every finished run, whether its log was read or not."""

_HALF = 0.5
"""Size of a float16 weight, relative to float32."""
_MASK = 1 / 32
"""Size of a bit that says whether a weight is zero."""


@dataclass(frozen=True)
class KeptModel:
    """Measurements of the model that a run keeps so far."""

    val: Metrics
    """Empty before the first measurement, and for a loaded reference."""
    test: Metrics
    """Empty where test was not evaluated."""
    density: float | None
    cycle: int | None
    """Cycle of the main stage; fine-tuning keeps the cycle from which it started."""


def kept_model(run: RunFeed) -> KeptModel:
    """Return the measurements of the kept model: final, else fine-tuned, else of the best cycle.

    Fine-tuning replaces the model of the best cycle as soon as it has measured its own.
    """
    if run.result is not None:
        result = run.result
        return KeptModel(
            result.val.metrics, result.test.metrics, result.size.density, result.best_cycle
        )
    best: CycleEnded | None = run.best
    tuned = run.history.best_of("finetune") or best
    if tuned is None:
        return KeptModel({}, {}, None, None)
    density = tuned.density if tuned.density is not None or best is None else best.density
    return KeptModel(tuned.val, tuned.test, density, best.cycle if best else None)


def summarise_run(study: StudyFeed, run: RunFeed) -> RunSummary:
    """Return the current summary of a run."""
    result, kept = run.result, kept_model(run)
    task = run.task or study.task
    metric = primary_metric(task)
    val = metric.of(kept.val)
    dense = _reference_value(study, run, metric)
    control = _value_of(study.control_of(run), metric)
    progress = _COMPLETE if run.status == "finished" else run.progress
    cell = study.cell_of(run)
    return RunSummary(
        study=run.folder.study.name,
        name=run.folder.name,
        title=title_of(study, run),
        status=run.status,
        progress=progress,
        task=task,
        val=val,
        test=metric.of(kept.test),
        difference=None if val is None or dense is None else val - dense,
        from_control=None if val is None or control is None else val - control,
        has_control=study.control_of(run) is not None,
        asked_density=asked_density(cell),
        density=kept.density,
        cycle=kept.cycle,
        bytes_packed=result.size.bytes_packed if result else None,
        bytes_expected=None if result else _expected_bytes(study, run, cell, kept.density),
        curve=curve_of(run.history.cycles_of(run.main_stage), metric),
        device=run.device,
        seconds=result.seconds if result else _computed_seconds(run),
        seconds_left=progress.seconds_left if run.is_live else None,
        last_at=run.times.last,
        is_sealed=run.is_sealed,
        warning=_warning_of(run),
        problem=run.problem,
        waiting_for=run.waiting_for,
        place=run.place,
        is_copy=run.is_copy,
    )


def title_of(study: StudyFeed, run: RunFeed) -> str:
    """Return the title of a run: `Prune 0.1`, with its seed where the study has several."""
    cell = study.cell_of(run)
    return run.folder.name if cell is None else title_of_cell(cell, study.preset)


def asked_density(cell: Cell | None) -> float | None:
    """Return the requested density, from the grid or from the scheme itself."""
    if cell is None:
        return None
    if cell.density is not None:
        return cell.density
    fixed = [getattr(operator, "density", None) for operator in cell.scheme.operators]
    return next((density for density in fixed if density is not None), None)


def _reference_value(study: StudyFeed, run: RunFeed, metric: Metric) -> float | None:
    return _value_of(study.reference_of(run), metric)


def _value_of(run: RunFeed | None, metric: Metric) -> float | None:
    return metric.of(kept_model(run).val) if run else None


def _expected_bytes(
    study: StudyFeed, run: RunFeed, cell: Cell | None, density: float | None
) -> int | None:
    """Return the sparse size that follows from a density: a bit mask and the nonzero weights."""
    reference = study.reference_of(run)
    if cell is None or density is None or reference is None or reference.result is None:
        return None
    dense = reference.result.size.bytes_dense
    is_half = any(getattr(each, "dtype", "") == "float16" for each in cell.scheme.operators)
    return round(dense * (density * (_HALF if is_half else 1.0) + _MASK * (density < 1)))


def _computed_seconds(run: RunFeed) -> float | None:
    cycles = [cycle for stage in run.history.cycles.values() for cycle in stage.values()]
    return sum(cycle.seconds for cycle in cycles) if cycles else None


def _warning_of(run: RunFeed) -> str:
    if run.problem:
        return run.problem
    if run.is_before_finetuning:
        empty = plural(len(run.dead_layers), "empty layer")
        return f"{empty} before fine-tuning" if run.dead_layers else ""
    if run.dead_layers:
        return plural(len(run.dead_layers), "collapsed layer")
    return "the same prediction for every image" if run.are_logits_constant else ""
