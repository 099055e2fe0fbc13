"""The details of one run: state, metrics with intervals, size, layers."""

from collections.abc import Callable, Iterator

from medtui.cli.show.changes import describe_verdict
from medtui.cli.show.class_details import (
    describe_calibration,
    describe_classes,
    describe_missing_intervals,
    describe_operating_points,
)
from medtui.cli.show.exports import describe_exports
from medtui.cli.show.external import describe_external
from medtui.cli.show.model_size import describe_density, layers_table, size_table
from medtui.cli.show.progress import describe_cycle, describe_step
from medtui.cli.show.summary import describe_duration, format_interval
from medtui.cli.show.tracking import describe_experiment
from medtui.cli.shown_path import shown_path
from medtui.cli.table import render_table
from medtui.control_characters import one_line
from medtui.datasets.class_weights import describe_weights
from medtui.events import RunFailed
from medtui.metrics import primary_metric, reported_metrics
from medtui.metrics.interval_method import describe_method
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_run import asked_density, summarise_run
from medtui.runs.convergence import answers_text
from medtui.runs.exports import export_problems, read_exports
from medtui.runs.population import population_of
from medtui.runs.result import Flips, Overhead, Result, SplitResult, describe_choice
from medtui.telemetry import Level
from medtui.units import (
    MISSING,
    SEALED,
    format_bytes,
    format_count,
    format_density,
    format_number,
    format_percent,
    plural,
)

_Vital = tuple[str, str, Callable[[float], str]]
"""Label, field of `TelemetrySummary`, and how its numbers are shown."""


def describe_run(study: StudyFeed, run: RunFeed) -> str:
    """Return the details of a run as text."""
    blocks = ["\n".join(_facts(study, run))]
    if run.result is not None:
        result = run.result
        control = study.control_of(run)
        blocks += [
            _metrics(result, control.result if control else None),
            describe_missing_intervals(result),
            describe_classes(result),
            describe_operating_points(result.test),
            describe_calibration(result.test),
            size_table(result),
            layers_table(result.size),
        ]
        blocks += [_machine(result)] if result.vitals else []
        exports = read_exports(run.folder.exports)
        blocks += [describe_exports(exports)] if exports else []
        blocks.append(describe_external(run.folder))
    return "\n\n".join(filter(None, blocks))


def _facts(study: StudyFeed, run: RunFeed) -> Iterator[str]:
    yield f"{run.folder.full_name}: {summarise_run(study, run).state}"
    cell, session, result = study.cell_of(run), run.history.session, run.result
    if cell is not None:
        asked = asked_density(cell)
        density = "" if asked is None else f", density {format_density(asked)}"
        yield f"  scheme    {cell.scheme.name}{density}, seed {cell.seed}"
    if session is not None:
        yield f"  device    {session.device_name or session.device} on {session.host}"
    if result is not None:
        kept = f"cycle {result.best_cycle} of {result.num_cycles}, {describe_choice(result)}"
        yield f"  kept      {kept}{result.finetuning}"
        if result.narrowing:
            yield f"  width     {result.narrowing.sentence}"
        if result.direct_compression:
            yield f"  note      {result.direct_compression}"
        yield from _convergence(run)
        if result.mode == "fast":
            yield "  mode      fast; the numbers below are computed in float32"
        yield f"  took      {describe_duration(run)}"
        if result.overhead is not None:
            yield f"  overhead  {_overhead(result.overhead)}"
        yield f"  density   {describe_density(result.size)}"
        yield f"  intervals {_intervals(result)}"
        yield from _rules(result)
        yield from describe_verdict(study, run)
    elif run.history.stage is not None:
        yield f"  progress  {describe_step(run)}"
        yield f"  latest    {describe_cycle(run, run.main_stage)}"
    yield f"  folder    {shown_path(run.folder.path)}"
    tracked = describe_experiment(run)
    if tracked:
        yield f"  tracked   {tracked}"
    yield from _problems(run)


def _rules(result: Result) -> Iterator[str]:
    """Yield how answers were decided and how the loss weighed classes."""
    if result.decisions:
        yield f"  decisions {result.decisions}"
    if result.class_weight_rule:
        yield f"  weights   {describe_weights(result.class_weight_rule)}"


def _intervals(result: Result) -> str:
    """Return how the 95 % intervals were computed, and over how many patients of test."""
    test, method = result.test, describe_method(result.interval_method)
    if not result.has_patients:
        return f"95 %, by {method}, over images: patients are unknown"
    text = f"95 %, by {method}, over {plural(test.num_patients, 'patient')} on test"
    return f"{text} (effective number {test.num_effective:.1f})" if test.num_effective else text


def _convergence(run: RunFeed) -> Iterator[str]:
    """Yield the distance of w and theta after the last cycle: of weights, and of answers."""
    cycles = run.history.cycles_of("compress")
    if cycles and (answers := answers_text(cycles[-1])):
        metric = primary_metric(run.task or "single").label
        violation = format_number(cycles[-1].gap, 2)
        yield f"  last      constraint violation {violation}; val {metric} of {answers}"


def _overhead(overhead: Overhead) -> str:
    """Return the time that checkpoints and the log took."""
    return (
        f"{format_percent(overhead.share)} of the last session: checkpoints "
        f"{overhead.checkpoint_seconds:.1f} s, log {overhead.log_seconds:.2f} s"
    )


def _problems(run: RunFeed) -> Iterator[str]:
    if isinstance(run.history.ending, RunFailed):
        yield f"  failure   {one_line(run.history.ending.message)}"
        if run.history.ending.hint:
            yield f"  hint      {one_line(run.history.ending.hint)}"
    for problem in (*run.problem.splitlines(), *export_problems(run.folder.exports)):
        yield f"  problem   {problem}"
    result = run.result
    if result is None:
        return
    if population := population_of(result, run.preset.data.limit if run.preset else None):
        yield f"  data      {population}"
    if not result.has_patients:
        yield "  warning   patients are unknown, so the split may share patients"
    for name, sentence in result.accepted.items():
        yield f"  accepted  {one_line(sentence)} ({name})"
    for warning in result.warnings:
        yield f"  warning   {one_line(warning)}"


def _metrics(result: Result, control: Result | None) -> str:
    """Return the metrics on val and test, and those of control and reference on test."""
    splits = (result.val, result.test)
    headers = ["metric", "val, used for selection [95 %]", "test [95 % interval]"]
    rows = [
        [
            metric.label_for(result.positive),
            format_interval(result.val, metric),
            SEALED if result.is_sealed else format_interval(result.test, metric),
            *([metric.show(metric.of(control.test.metrics))] if control else []),
            metric.show(metric.of(result.test.reference)),
        ]
        for metric in reported_metrics()
        if metric.name in (result.val if result.is_sealed else result.test).metrics
    ]
    rest = [""] * (2 if control else 1)
    losses = [format_number(split.metrics.get("loss")) for split in splits]
    rows.append(["loss", losses[0], SEALED if result.is_sealed else losses[1], *rest])
    counts = [f"{format_count(split.num_images)}, {_patients(split)}" for split in splits]
    rows.append(["images, patients", *counts, *rest])
    if result.test.flips is None:
        return render_table(headers, [row[: len(headers)] for row in rows])
    rows.append(["differ from reference", *(_flips(split.flips) for split in splits), *rest])
    beside = [*(["control, test"] if control else []), "reference, test"]
    return render_table([*headers, *beside], rows)


def _patients(split: SplitResult) -> str:
    return format_count(split.num_patients) if split.num_patients else "unknown"


def _flips(flips: Flips | None) -> str:
    """Return how many predictions differ from the reference's: `3.1 %: 12 lost, 4 gained`."""
    if flips is None:
        return MISSING
    return f"{format_percent(flips.rate)}: {flips.num_lost} lost, {flips.num_gained} gained"


_OF_GPU: tuple[_Vital, ...] = (
    ("GPU memory", "gpu_memory_used_bytes", format_bytes),
    ("GPU, %", "gpu_percent", format_number),
)
_OF_PROCESS: tuple[_Vital, ...] = (
    ("process memory", "process_memory_bytes", format_bytes),
    ("CPU, % of a core", "process_cpu_percent", format_number),
)


def _machine(result: Result) -> str:
    """Return means and peaks of each stage: of the process and, where one was used, the GPU."""
    has_gpu = any(found.gpu_memory_used_bytes for found in result.vitals.values())
    shown = (*_OF_GPU, *_OF_PROCESS) if has_gpu else _OF_PROCESS
    headers = ("stage", "seconds", *(f"{label}: mean, peak" for label, _, _ in shown))
    rows = [
        [
            stage,
            format_count(found.seconds),
            *(_level(getattr(found, name), show) for _, name, show in shown),
        ]
        for stage, found in result.vitals.items()
    ]
    return render_table(headers, rows)


def _level(level: Level | None, show: Callable[[float], str]) -> str:
    return f"{show(level.mean)}, {show(level.peak)}" if level else MISSING
