"""`medtui doctor`: checks this machine, or a cluster, and says how to solve each problem."""

import shutil
import textwrap
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options

if TYPE_CHECKING:
    from medtui.doctor import Finding

WIDEST = 100
"""Columns at which lines are wrapped, or at the terminal's width if that is less."""


class Cluster(StrEnum):
    """Schedulers that `doctor` can start jobs with."""

    SLURM = "slurm"
    RAY = "ray"


Scheduler = Annotated[
    Cluster | None,
    typer.Option("--scheduler", help="Check a cluster by a job in each partition, or node."),
]
JobPreset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="PRESET",
        help="With --scheduler: what jobs ask for, and which data they must find.",
        autocompletion=options.complete_preset,
    ),
]
Wait = Annotated[
    float, typer.Option("--wait", min=1, help="Seconds that jobs have to start and answer.")
]
Online = Annotated[
    bool, typer.Option("--online", help="Also check whether Comet's server answers.")
]


def doctor(
    ctx: typer.Context,
    scheduler: Scheduler = None,
    preset: JobPreset = None,
    overrides: options.Overrides = None,
    wait: Wait = 120.0,
    online: Online = False,
    as_json: options.Json = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Check this machine: libraries, GPUs, disks, terminal. Exit with 3 if a check fails."""
    import msgspec

    from medtui.cli.json_lines import print_object
    from medtui.doctor import examine

    is_fit = True
    folder = options.runs_dir_of(ctx, runs_dir)
    if scheduler is None:
        findings = examine(folder, is_online=online)
    else:
        findings = _examine_cluster(scheduler, folder, preset or "demo", overrides or [], wait)
        if not as_json:
            findings = _with_table(findings)
    for finding in findings:
        is_fit &= finding.level != "failure"
        if as_json:
            print_object(msgspec.to_builtins(finding))
        else:
            print("\n".join(_lines(finding)), flush=True)
    raise typer.Exit(0 if is_fit else 3)


def _examine_cluster(
    scheduler: Cluster, folder: Path, preset: str, overrides: list[str], wait: float
) -> Iterator["Finding"]:
    from medtui.doctor.nodes import examine_cluster
    from medtui.preset import anchor_paths, load_preset

    asked = anchor_paths(load_preset(preset, [*overrides, f"machine.scheduler={scheduler.value}"]))
    return examine_cluster(asked, folder, wait_seconds=wait)


def _with_table(findings: Iterator["Finding"]) -> Iterator["Finding"]:
    """Print what was found on all nodes as a table; return what is to be said about it."""
    from medtui.cli.show.nodes import nodes_table

    found = list(findings)
    print(nodes_table(found), flush=True)
    return (finding for finding in found if finding.level != "OK")


def _lines(finding: "Finding") -> list[str]:
    width = min(WIDEST, shutil.get_terminal_size().columns)
    head = f"{finding.level:<8} {finding.subject:<12} "
    indent = " " * len(head)
    lines = textwrap.wrap(finding.text, width, initial_indent=head,
                          subsequent_indent=indent)  # fmt: skip
    if finding.remedy:
        lines += textwrap.wrap(finding.remedy, width, initial_indent=f"{indent}→ ",
                               subsequent_indent=f"{indent}  ")  # fmt: skip
    return lines
