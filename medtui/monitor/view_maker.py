"""Makes the view of one run of what the reading thread follows."""

from pathlib import Path

from medtui.events import RunFailed, RunStopped
from medtui.metrics import reported_metrics
from medtui.monitor.catalogue import RunFeed, StudyFeed
from medtui.monitor.row_maker import RowMaker, val_of
from medtui.monitor.rows import StudyRow
from medtui.monitor.view import MetricRow, RunView
from medtui.monitor.vitals import Vitals
from medtui.preset import Cell, Preset
from medtui.runs.result import Result
from medtui.runs.search_record import SearchOutcome
from medtui.units import format_percent


def make_view(maker: RowMaker, study: StudyRow, run: RunFeed, vitals: Vitals) -> RunView:
    """Give a run as it is now."""
    feed, history, stage = maker.study, run.history, run.main_stage
    reference = val_of(feed.reference) if feed.reference and not run.folder.is_reference else {}
    cell = maker.cell_of(run)
    planned = [each.cycles for each in history.stages if each.stage == stage]
    return RunView(
        row=maker.row_of(run, reference),
        study=study,
        what=_what(feed.preset, cell),
        stage=stage,
        num_planned=planned[-1] if planned else _planned(feed.preset, stage),
        cycles=tuple(history.cycles_of(stage)),
        best=run.best,
        reference=reference,
        losses=tuple(history.losses),
        densities=tuple(history.densities.items()),
        dead_layers=tuple(history.dead_layers),
        are_logits_constant=history.are_logits_constant,
        data=history.data,
        session=history.session,
        lines=tuple(history.lines),
        vitals=vitals,
        result=run.result,
        ending=_ending(run),
        metrics=_metrics_of(run.result) if run.result else (),
        search=_search_of(feed, cell),
        problem=run.problem,
        is_behind=run.is_behind,
    )


def _search_of(study: StudyFeed, cell: Cell | None) -> SearchOutcome | None:
    searches = study.search.searches if study.search else []
    return next(
        (each for each in searches if cell is None or each.scheme == cell.scheme.name), None
    )


def _ending(run: RunFeed) -> str:
    match run.status, run.history.ending:
        case "failed", RunFailed(message=message, hint=hint):
            return f"{message} {hint}".strip()
        case "stopped", RunStopped(reason=reason):
            return f"{reason}; r resumes from its checkpoint"
        case "lost", _:
            return "the worker vanished without a last word; r resumes from its checkpoint"
        case _:
            return ""


def _metrics_of(result: Result) -> tuple[MetricRow, ...]:
    return tuple(
        MetricRow(
            metric,
            result.val.metrics[metric.name],
            value,
            result.test.reference.get(metric.name),
        )
        for metric in reported_metrics()
        if (value := result.test.metrics.get(metric.name)) is not None
        and metric.name in result.val.metrics
    )


def _planned(preset: Preset | None, stage: str) -> int:
    if preset is None:
        return 0
    return preset.reference.epochs if stage == "reference" else preset.lc.cycles


def _what(preset: Preset | None, cell: Cell | None) -> str:
    if preset is None:
        return ""
    model = f"{preset.model.architecture} on {preset.data.card}"
    if cell is None:
        weights = Path(preset.model.weights).name
        made = (
            f"weights of {weights}" if weights else f"{preset.reference.epochs} epochs of training"
        )
        return f"{model} · dense, {made}"
    kept = "" if cell.density is None else f"keeps {format_percent(cell.density, 3)} · "
    kept = kept.replace(".000 %", " %")
    guard = f"guard {preset.compress.guard}"
    cycles = preset.search.probe_cycles if preset.search and cell.is_probe else preset.lc.cycles
    lc = f"{cycles} cycles of {preset.lc.steps} steps"
    lc += " in fast mode" if preset.lc.mode == "fast" else ""
    return f"{model} · {cell.scheme.name} {kept}{guard} · {lc} · seed {cell.seed}"
