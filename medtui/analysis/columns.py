"""The columns of run tables, filters and files; each is one row here."""

from collections.abc import Callable
from functools import cache

from medtui.analysis.column import FORMER_NAMES, Column, Split
from medtui.analysis.run_record import RunRecord
from medtui.errors import UsageError
from medtui.metrics import (
    Metric,
    metric_named,
    reported_metrics,
)
from medtui.protocol.model_size import Shrinkage
from medtui.runs.bench_record import Contest
from medtui.runs.exports import read_exports
from medtui.suggest import did_you_mean
from medtui.telemetry import Level
from medtui.units import (
    MISSING,
    format_bytes,
    format_count,
    format_density,
    format_duration,
    format_factor,
    format_percent,
)


def column_named(name: str) -> Column:
    """Return a column by its name or an unambiguous beginning of it: `acc`, `sens`, `peak`.

    Raises:
        UsageError: there is no such column, or more than one.
    """
    wanted = name.strip().lower().replace("-", "_")
    known = _by_name()
    wanted = FORMER_NAMES.get(wanted, wanted)
    if wanted in known:
        return known[wanted]
    begun = [each for each in known if each.startswith(wanted)] or [
        now for former, now in FORMER_NAMES.items() if former.startswith(wanted)
    ]
    if len(begun) == 1:
        return known[begun[0]]
    if begun:
        raise UsageError(f"`{name}` is ambiguous: {', '.join(begun)}.", hint="Use a longer prefix.")
    hint = did_you_mean(wanted, known, former=FORMER_NAMES)
    raise UsageError(f"There is no column `{name}`.", hint=hint)


def columns_named(names: str) -> list[Column]:
    """Return the columns of a list separated by commas or spaces.

    Raises:
        UsageError: a column does not exist, or the list is empty.
    """
    found = [column_named(name) for name in names.replace(",", " ").split()]
    if not found:
        raise UsageError("The list of columns is empty.", hint=f"Known: {', '.join(_by_name())}.")
    return list({column.name: column for column in found}.values())


def _metric_column(metric: Metric, split: Split) -> Column:
    name = metric.name if split == "test" else f"val_{metric.name}"
    return Column(
        name,
        f"{split} {metric.label}",
        lambda entry: entry.metric(split, metric.name),
        metric.show,
        metric=metric,
        split=split,
        higher_is_better=metric.higher_is_better,
    )


def _vitals_column(name: str, label: str, of: str, part: str, show: Callable[..., str]) -> Column:
    def read(entry: RunRecord) -> float | None:
        level: Level | None = getattr(entry.vitals, of)
        return None if level is None else float(getattr(level, part))

    return Column(name, label, read, show, opens="telemetry")


def _search_text(entry: RunRecord) -> str | None:
    """Return the run's role in a search: `chosen` or `probe`; None without one."""
    return "probe" if entry.is_probe else "chosen" if entry.is_chosen else None


def _positive_text(entry: RunRecord) -> str | None:
    """Return the positive class; None where metrics average over the classes."""
    positive = entry.result.positive
    return str(positive) if positive else None


def _published_text(entry: RunRecord) -> str:
    """Return the number that a publication reports, with its metric: `accuracy 72.4 %`."""
    number = entry.published
    if number is None or number.value is None:
        return MISSING
    metric = metric_named(number.metric)
    if metric is None:
        return f"{number.metric} {format_percent(number.value)}"
    return f"{metric.label_for(entry.result.positive)} {metric.show(number.value)}"


def _exports_text(entry: RunRecord) -> str:
    """Return the formats in the run's `exports/`: `int8, onnx shrunk`."""
    return ", ".join(export.label for export in read_exports(entry.folder.exports)) or MISSING


def _times_smaller(entry: RunRecord) -> float | None:
    """Return how often the run's sparse size fits into its dense reference; None for that."""
    if not (entry.folder.is_compressed or entry.folder.is_scratch):
        return None
    dense = entry.reference_bytes
    return None if dense is None else dense / max(1, entry.result.size.bytes_packed)


def _flip_rate(entry: RunRecord) -> float | None:
    flips = entry.result.test.flips
    return None if flips is None else flips.rate


def _shrunk_column(
    name: str, label: str, read: Callable[[Shrinkage], float | None], show: Callable[..., str]
) -> Column:
    """Return a column of the model without its removable filters and neurons."""

    def measured(entry: RunRecord) -> float | None:
        found = entry.result.shrinkage
        return None if found is None else read(found)

    return Column(name, label, measured, show)


def _bench_column(
    name: str,
    label: str,
    read: Callable[[Contest], float],
    *,
    is_better: bool,
    is_shrunk: bool = False,
) -> Column:
    """Return a column of the benchmark in float32, the precision that every model has."""

    def measured(entry: RunRecord) -> float | None:
        bench = entry.bench.shrunk if entry.bench and is_shrunk else entry.bench
        contest = bench.contest("float32") if bench else None
        return None if contest is None else read(contest)

    return Column(name, label, measured, higher_is_better=is_better, opens="bench")


def _format_percent_of_100(value: float | None) -> str:
    return MISSING if value is None else f"{value:.0f} %"


_BEFORE: tuple[Column, ...] = (
    Column("run", "run", lambda entry: entry.key, is_text=True),
    Column("search", "search", _search_text, is_text=True, words={"probe": "low-fidelity"}),
    Column("study", "study", lambda entry: entry.folder.study.name, is_text=True),
    Column("scheme", "scheme", lambda entry: entry.result.scheme, is_text=True),
    Column("density", "density", lambda entry: entry.density, format_density),
    Column("actual_density", "actual density", lambda entry: entry.result.size.density),
    Column("density_reachable", "reachable density",
           lambda entry: entry.result.size.density_reachable),
    Column("structures", "filters kept", lambda entry: entry.result.size.structure_density),
    _shrunk_column("masked", "masked", lambda found: found.masked, format_percent),
    _shrunk_column("removable", "removable", lambda found: found.removable, format_percent),
    Column("seed", "seed", lambda entry: entry.result.seed),
    Column("guard", "guard", lambda entry: entry.result.guard, is_text=True),
    Column("positive_class", "positive class", _positive_text, is_text=True),
)  # fmt: skip
"""Settings and remaining weights; the metrics follow them."""

_AFTER: tuple[Column, ...] = (
    Column("published", "published", _published_text, is_text=True,
           opens="preset"),
    Column("flips", "answers changed", _flip_rate, format_percent, higher_is_better=False),
    Column("parameters", "nonzero", lambda entry: entry.result.size.num_nonzero, format_count),
    Column("macs", "MACs", lambda entry: entry.result.size.macs, format_count),
    _shrunk_column("shrunk_parameters", "shrunk", lambda found: found.size.num_parameters,
                   format_count),
    _shrunk_column("shrunk_macs", "MACs shrunk", lambda found: found.size.macs, format_count),
    _shrunk_column("shrunk_bytes", "file shrunk", lambda found: found.bytes_on_disk, format_bytes),
    Column("collapsed_layers", "collapsed layers", lambda entry: len(entry.result.size.dead_layers),
           format_count),
    Column("sparse_size", "sparse size", lambda entry: entry.result.size.bytes_packed, format_bytes,
           higher_is_better=False),
    Column("dense_size", "dense size", lambda entry: entry.result.size.bytes_dense, format_bytes,
           higher_is_better=False),
    Column("smaller", "times smaller", _times_smaller, format_factor,
           higher_is_better=True),
    Column("cycle", "cycle kept", lambda entry: entry.result.best_cycle),
    Column("time", "time", lambda entry: entry.result.seconds, format_duration),
    Column("exported", "exported", _exports_text, is_text=True, opens="exports"),
    Column("device", "device", lambda entry: entry.result.device_name, is_text=True),
    _bench_column("latency", "p50 ms", lambda contest: contest.latency.p50_ms, is_better=False),
    _bench_column("throughput", "images/s",
                  lambda contest: contest.best.images_per_second.median, is_better=True),
    _bench_column("speed_up", "latency speed-up", lambda contest: contest.latency_ratio.median,
                  is_better=True),
    _bench_column("shrunk_latency", "p50 ms, shrunk",
                  lambda contest: contest.latency.p50_ms, is_better=False, is_shrunk=True),
    _bench_column("shrunk_throughput", "images/s, shrunk",
                  lambda contest: contest.best.images_per_second.median, is_better=True,
                  is_shrunk=True),
    _bench_column("shrunk_speed_up", "latency speed-up, shrunk",
                  lambda contest: contest.latency_ratio.median, is_better=True, is_shrunk=True),
    _vitals_column("memory", "mean GPU memory", "gpu_memory_used_bytes", "mean", format_bytes),
    _vitals_column("peak_memory", "peak GPU memory", "gpu_memory_used_bytes", "peak",
                   format_bytes),
    _vitals_column("utilisation", "mean GPU utilisation", "gpu_percent", "mean",
                   _format_percent_of_100),
    _vitals_column("process_memory", "mean process memory", "process_memory_bytes", "mean",
                   format_bytes),
    _vitals_column("process_peak_memory", "peak process memory", "process_memory_bytes", "peak",
                   format_bytes),
    _vitals_column("cpu", "mean CPU", "process_cpu_percent", "mean", _format_percent_of_100),
)  # fmt: skip


def all_columns() -> tuple[Column, ...]:
    """Return all columns; each reported metric has one for test and one for val."""
    return _columns_with(reported_metrics())


@cache
def _columns_with(metrics: tuple[Metric, ...]) -> tuple[Column, ...]:
    """Return the columns; cached, so that a column found twice is the same object."""
    return (
        *_BEFORE,
        *(_metric_column(metric, "test") for metric in metrics),
        *(_metric_column(metric, "val") for metric in metrics),
        *_AFTER,
    )


def _by_name() -> dict[str, Column]:
    return {column.name: column for column in all_columns()}
