"""Runs the benchmark's process for `medtui bench` and prints the benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.cli.run_lookup import find_target
from medtui.cli.show.benchmarks import print_benchmarks
from medtui.cli.stream import erase_progress, write_progress
from medtui.jobs.benchmark import bench_models
from medtui.preset import load_preset
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder


@dataclass(frozen=True)
class BenchOptions:
    """What `medtui bench` was asked for."""

    targets: Sequence[str]
    """Studies and runs by name."""
    runs_dir: Path
    device: str
    threads: int
    """CPU threads; 0 takes the reference's."""
    overrides: Sequence[str]
    """Of the section `[bench]`: `rounds=5`."""
    is_stored: bool
    """Whether to measure nothing and show what was measured before."""
    as_json: bool
    is_quiet: bool


def bench_targets(asked: BenchOptions) -> None:
    """Measure each study's models, interleaved, and print the benchmarks.

    Raises:
        MedtuiError: a target does not exist or is not finished, or the benchmark failed.
    """
    for study, runs in _runs_by_study(asked.runs_dir, asked.targets):
        if not asked.is_stored:
            overrides = [f"bench.{each}" for each in asked.overrides]
            preset = load_preset(str(study.preset), overrides)
            bench_models(
                study,
                runs,
                preset.bench,
                device=asked.device,
                threads=asked.threads or preset.machine.reference_threads,
                report=_ignore if asked.is_quiet else write_progress,
            )
            if not asked.is_quiet:
                erase_progress()
        print_benchmarks([study.reference, *runs], as_json=asked.as_json)


def _runs_by_study(
    runs_dir: Path, targets: Sequence[str]
) -> list[tuple[StudyFolder, list[RunFolder]]]:
    """Return each study with those of its runs, the reference aside, that are meant."""
    chosen: dict[StudyFolder, dict[str, RunFolder]] = {}
    for target in targets:
        found = find_target(runs_dir, target)
        if found.run is None:
            runs = [run for run in found.study.runs() if is_finished(run)]
        else:
            runs = [found.run]
        chosen.setdefault(found.study, {}).update({run.name: run for run in runs})
    return [
        (study, [run for run in runs.values() if not run.is_reference])
        for study, runs in chosen.items()
    ]


def _ignore(_text: str) -> None:
    """Show no progress."""
