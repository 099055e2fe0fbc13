"""`medtui gate`: whether a run loses no more than a plan allows, on test."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options

if TYPE_CHECKING:
    from medtui.evidence.gate import Gated

EXIT_CODES = {"pass": 0, "fail": 1, "undecided": 2}

Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A finished compressed run.",
        autocompletion=options.complete_target,
    ),
]
PlanFile = Annotated[
    Path, typer.Option("--plan", metavar="FILE", help="The plan, a TOML file.", dir_okay=False)
]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Check whether the plan fits the run, without reading predictions."
    ),
]
Device = Annotated[
    str, typer.Option("--device", metavar="DEVICE", help="For a sealed test: auto, cpu, cuda.")
]


def gate(
    ctx: typer.Context,
    target: Run,
    plan: PlanFile,
    check: Check = False,
    device: Device = "auto",
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Judge a run by a plan: whether it is non-inferior to its baseline, as a whole and in parts.

    The look is recorded in the study's ledger. The exit code is 0 if every claim of the plan is
    shown, 1 if one is refuted, 2 if neither (or for a plan or a run that cannot be used).
    """
    from medtui.cli.evidence.gate_text import describe_gate, describe_plan, gate_object
    from medtui.cli.json_lines import print_object
    from medtui.cli.run_lookup import find_run
    from medtui.evidence.gate import pass_gate, records_of
    from medtui.evidence.plan import StatedPlan
    from medtui.user_folders import expand_home

    run = find_run(
        options.runs_dir_of(ctx, runs_dir),
        target,
        refusal="and a gate judges one run of it",
        example=f"medtui gate STUDY/prune-0.1 --plan {plan}",
    )
    stated = StatedPlan(expand_home(plan))
    if check:
        print(describe_plan(*records_of(run, stated), stated))
        return
    gated: Gated = pass_gate(
        run, stated, command=["medtui", *sys.argv[1:]], device=device,
        report=lambda text: None if quiet else print(text, file=sys.stderr, flush=True),
    )  # fmt: skip
    if as_json:
        print_object(gate_object(gated))
    else:
        print(describe_gate(gated))
    raise typer.Exit(EXIT_CODES[gated.record.decision])
