"""Prints the benchmarks of finished models: size, latency, throughput and memory."""

from collections.abc import Iterator

import msgspec

from medtui.cli.json_lines import print_object
from medtui.cli.table import render_table
from medtui.errors import MedtuiError, UsageError
from medtui.runs.bench_record import Bench, Contest, read_bench
from medtui.runs.folder import RunFolder
from medtui.units import MISSING, format_bytes, format_count


def print_benchmarks(runs: list[RunFolder], *, as_json: bool) -> None:
    """Print what was measured of runs, as tables or as one JSON object a model.

    Raises:
        UsageError: nothing was measured yet.
    """
    benches = [bench for run in runs for bench in _benches_of(run)]
    if not benches:
        raise UsageError("These runs have no benchmark yet.", hint="Run it without --stored.")
    if as_json:
        for each in benches:
            print_object(msgspec.to_builtins(each) | {"flops": each.flops})
        return
    print(_describe(benches))


def describe_benchmarks(runs: list[RunFolder]) -> str:
    """Return what was measured of runs, as tables; empty where nothing was, or cannot be read."""
    try:
        benches = [bench for run in runs for bench in _benches_of(run)]
    except MedtuiError as error:
        return str(error)
    return _describe(benches) if benches else ""


def _benches_of(run: RunFolder) -> Iterator[Bench]:
    """Yield the benchmark of a run's model and, if there is one, of its shrunk model."""
    bench = read_bench(run)
    if bench is None:
        return
    yield msgspec.structs.replace(bench, shrunk=None)
    if bench.shrunk is not None:
        yield msgspec.structs.replace(bench.shrunk, run=f"{bench.run}, shrunk")


def _describe(benches: list[Bench]) -> str:
    first = benches[0]
    channels, height, width = first.image_shape
    conditions = (
        f"{first.device_name}, {first.threads} CPU threads ({first.cpu_capability}), "
        f"torch {first.torch}, images {channels} x {height} x {width}"
    )
    blocks = [
        f"{first.study}: {conditions}",
        render_table(_SIZE, [_size(each) for each in benches]),
    ]
    for contest in first.contests:
        pairs = [(each, each.contest(contest.precision)) for each in benches]
        rows = [_speed(each, found) for each, found in pairs if found is not None]
        title = f"{contest.precision}; the sweep of batch sizes ended: {contest.ended}"
        blocks.append(f"{title}\n{render_table(_SPEED, rows)}")
    blocks.append("speed-up: relative to the reference, with quartiles over the rounds")
    notes = [f"{each.run}: {note}" for each in benches for note in each.notes]
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])])


_SIZE = ("run", "file size", "sparse size", "load time", "MACs", "FLOPs")

_SPEED = ("run", "p50 ms", "p95", "p99", "latency speed-up", "batch", "images/s",
          "throughput speed-up", "peak mem", "mean mem", "GPU util")  # fmt: skip


def _size(bench: Bench) -> list[str]:
    return [
        bench.run,
        format_bytes(bench.bytes_on_disk),
        format_bytes(bench.bytes_packed),
        f"{bench.load_ms:.0f} ms",
        format_count(bench.macs),
        format_count(bench.flops),
    ]


def _speed(bench: Bench, contest: Contest) -> list[str]:
    latency, best, vitals = contest.latency, contest.best, contest.sustained
    memory = vitals and vitals.gpu_memory_used_bytes
    busy = vitals and vitals.gpu_percent
    return [
        bench.run,
        f"{latency.p50_ms:.2f}",
        f"{latency.p95_ms:.2f}",
        f"{latency.p99_ms:.2f}",
        contest.latency_ratio.text,
        str(best.batch_size),
        format_count(best.images_per_second.median),
        contest.throughput_ratio.text,
        format_bytes(best.peak_memory_bytes),
        format_bytes(memory.mean) if memory else MISSING,
        f"{busy.mean:.0f} %" if busy else MISSING,
    ]
