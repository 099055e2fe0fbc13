"""`medtui bench`: latency, throughput, memory and size of finished models."""

from pathlib import Path
from typing import Annotated

import typer

from medtui.cli import options
from medtui.errors import UsageError

_FORMER_TARGET = "engine"
"""What version 0.1.0 measured L-C by; the program is now in the repository's `benchmarks/`."""


Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="STUDY|RUN...",
        help="A study, or runs; each alternates with its study's reference.",
        autocompletion=options.complete_target,
    ),
]
Overrides = Annotated[
    list[str] | None,
    options.set_option("Override a key of [bench], for example rounds=5."),
]
Images = Annotated[Path | None, typer.Option("--images", hidden=True)]
Stored = Annotated[
    bool, typer.Option("--stored", help="Show stored measurements without measuring.")
]


def bench(
    ctx: typer.Context,
    targets: Targets,
    device: options.Device = "auto",
    threads: options.Threads = 0,
    overrides: Overrides = None,
    images: Images = None,
    stored: Stored = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Measure latency, throughput, memory and size of finished models beside the reference."""
    folder = options.runs_dir_of(ctx, runs_dir)
    is_former = targets == [_FORMER_TARGET] and not (folder / _FORMER_TARGET).is_dir()
    if images is not None or is_former:
        raise UsageError(
            "`medtui bench engine` and --images were moved out of the package.",
            hint="In a clone of the repository, run: python -m benchmarks.engine_ablation",
        )
    from medtui.cli.models.benchmark_process import BenchOptions, bench_targets

    bench_targets(
        BenchOptions(
            targets=targets,
            runs_dir=folder,
            device=device,
            threads=threads,
            overrides=overrides or [],
            is_stored=stored,
            as_json=as_json,
            is_quiet=quiet,
        )
    )
