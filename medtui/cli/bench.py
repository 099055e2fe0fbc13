"""`medtui bench`: how fast and large finished models are, and how fast the engine itself is."""

from pathlib import Path
from typing import Annotated

import typer

from medtui.cli import options

ENGINE = "engine"
"""The target that is no run: medtui's L-C itself, against stock Condensa's."""


def bench(
    ctx: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY|RUN...|engine",
            help="A study, or runs, each in turns with its study's reference; or `engine`.",
            autocompletion=options.complete_target,
        ),
    ],
    device: Annotated[
        str, typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:1.")
    ] = "auto",
    threads: Annotated[
        int, typer.Option("--threads", help="CPU threads [default: the reference's].", min=0)
    ] = 0,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Override [bench], like rounds=5; the engine's plan, like steps=8, arms=A2,B1.",
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="DIR",
            help="engine: two class folders of PNGs [default: the demo's cells].",
        ),
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Show what was measured before; measure nothing.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Measure latency, throughput, memory and size of finished models, beside the reference.

    `medtui bench engine` measures L-C itself: stock Condensa from PNGs, then one change after the
    other up to the fast mode, taking turns, with equal work and equal bits asserted.
    """
    if targets == [ENGINE]:
        from medtui.cli.ladder import benchmark_engine, plan_engine

        plan = plan_engine(overrides or [], images=images, device=device, threads=threads)
        raise typer.Exit(benchmark_engine(plan, as_json=as_json, is_quiet=quiet))
    from medtui.cli.speed import SpeedOptions, bench_targets

    bench_targets(
        SpeedOptions(
            targets=targets,
            runs_dir=options.runs_dir_of(ctx, runs_dir),
            device=device,
            threads=threads,
            overrides=overrides or [],
            is_stored=stored,
            as_json=as_json,
            is_quiet=quiet,
        )
    )
