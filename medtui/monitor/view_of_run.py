"""Makes the content of the Run screen from what was read of a run and its study."""

from pathlib import Path

from medtui.events import RunFailed, RunStopped
from medtui.metrics import reported_metrics
from medtui.monitor.crash_cause import crash_cause
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.run_view import MetricRow, RunView
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.study_summary import StudySummary
from medtui.monitor.summary_of_run import kept_model, summarise_run
from medtui.monitor.telemetry_curves import TelemetryCurves
from medtui.preset import Cell, Preset
from medtui.preset.finetuning import guarded_as
from medtui.runs.result import Result
from medtui.runs.search_record import SearchOutcome
from medtui.units import format_percent, plural


def make_view(
    feed: StudyFeed, study: StudySummary, run: RunFeed, telemetry: TelemetryCurves
) -> RunView:
    """Return the current view of a run."""
    history, stage = run.history, run.main_stage
    dense = feed.reference_of(run)
    control = feed.control_of(run)
    cell = feed.cell_of(run)
    planned = [each.cycles for each in history.stages if each.stage == stage]
    return RunView(
        row=summarise_run(feed, run),
        study=study,
        what=_what(feed.preset, cell),
        stage=stage,
        num_planned=planned[-1] if planned else _planned(feed.preset, stage),
        cycles=tuple(history.cycles_of(stage)),
        best=run.best,
        reference=kept_model(dense).val if dense else {},
        control=kept_model(control).val if control else {},
        losses=tuple(history.losses.get(stage, ())),
        densities=tuple(history.densities.items()),
        dead_layers=tuple(history.dead_layers),
        are_logits_constant=history.are_logits_constant,
        data=history.data,
        session=history.session,
        lines=tuple(history.lines),
        telemetry=telemetry,
        result=run.result,
        ending=_ending(run, is_study_live=study.is_live),
        metrics=_metrics_of(run.result, control.result if control else None) if run.result else (),
        search=_search_of(feed, cell),
        problem=run.problem,
        margin=feed.preset.evaluate.margin if feed.preset else None,
        is_before_finetuning=run.is_before_finetuning,
        is_behind=run.is_behind,
    )


def _search_of(study: StudyFeed, cell: Cell | None) -> SearchOutcome | None:
    searches = study.search.searches if study.search else []
    return next(
        (each for each in searches if cell is None or each.scheme == cell.scheme.name), None
    )


def _ending(run: RunFeed, *, is_study_live: bool) -> str:
    match run.status, run.history.ending:
        case "failed", RunFailed(message=message, hint=hint):
            return f"{message} {hint}".strip()
        case "stopped", RunStopped() as stopped:
            return f"{stopped.words}. {_how_to_resume(run, is_study_live=is_study_live)}"
        case "stopped", _:
            return "It was stopped before it started. Press r to start it."
        case "waiting", _:
            why = f" ({run.waiting_for})" if run.waiting_for else ""
            watched = "" if is_study_live else " No supervisor watches it: press r to resume."
            return f"Its job waits in the queue{why}.{watched}"
        case "silent", _ if run.is_copy:
            return (
                f"this folder is a copy: {run.owner_elsewhere} writes the original, or did. "
                "Press r to resume the copy."
            )
        case "crashed", _:
            how = _how_to_resume(run, is_study_live=is_study_live)
            cause = crash_cause(run)
            return f"{cause[0].upper()}{cause[1:]}. {how}"
        case "silent", _:
            return f"{run.owner_elsewhere} shows no heartbeat. Press r to resume."
        case _:
            return ""


def _how_to_resume(run: RunFeed, *, is_study_live: bool) -> str:
    """Return what `r` does; a run without a checkpoint has nothing to continue from."""
    if is_study_live and run.folder.queued.exists():
        return "It is queued, and starts again after the other runs."
    after = " after the other runs" if is_study_live else ""
    if run.history.checkpoint is None:
        return f"Press r to start it again{after}: no checkpoint was written."
    return f"Press r to resume it from its last checkpoint{after}."


def _metrics_of(result: Result, control: Result | None) -> tuple[MetricRow, ...]:
    return tuple(
        MetricRow(
            metric,
            result.val.metrics[metric.name],
            value,
            result.test.reference.get(metric.name),
            control.test.metrics.get(metric.name) if control else None,
        )
        for metric in reported_metrics()
        if (value := result.test.metrics.get(metric.name)) is not None
        and metric.name in result.val.metrics
    )


def _planned(preset: Preset | None, stage: str) -> int:
    if preset is None:
        return 0
    return preset.reference.epochs if stage == "reference" else preset.lc.cycles


_GUARDS = {
    "on": "guard on: no layer emptied", "off": "guard off: layers may be emptied",
}  # fmt: skip


def _what(preset: Preset | None, cell: Cell | None) -> str:
    if preset is None:
        return ""
    model = f"{preset.model.architecture} on {preset.data.card}"
    if cell is None:
        weights = Path(preset.model.weights).name
        made = (
            f"weights of {weights}" if weights else f"{preset.reference.epochs} epochs of training"
        )
        made += f" from {Path(preset.model.init).name}" if preset.model.init else ""
        return f"{model} · dense, {made}"
    if cell.is_scratch:
        made = f"{preset.reference.epochs} epochs of training, as the reference"
        return f"{model} · narrow, from scratch · {made} · seed {cell.seed}"
    kept = "" if cell.density is None else f"keeps {format_percent(cell.density, 3)} · "
    kept = kept.replace(".000 %", " %")
    guard = _GUARDS[guarded_as(preset, cell).compress.guard]
    cycles = preset.search.probe_cycles if preset.search and cell.is_probe else preset.lc.cycles
    lc = f"{plural(cycles, 'cycle')} of {plural(preset.lc.steps, 'step')}"
    lc += " in fast mode" if preset.is_fast_somewhere else ""
    scheme = f"{cell.scheme.name} {kept}" if kept else f"{cell.scheme.name} · "
    return f"{model} · {scheme}{guard} · {lc} · {_seeds(preset, cell)}"


def _seeds(preset: Preset, cell: Cell) -> str:
    """Return the seeds of a compression, with that of its reference where the study has several."""
    if len(preset.reference.seeds) == 1:
        return f"seed {cell.seed}"
    reference = preset.reference.seed if cell.reference_seed is None else cell.reference_seed
    return f"seed {cell.seed}, reference of seed {reference}"
