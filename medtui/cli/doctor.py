"""`medtui doctor`: checks this machine, one line per finding, each with its remedy."""

import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options

if TYPE_CHECKING:
    from medtui.doctor import Finding

WIDEST = 100
"""Columns at which lines are wrapped, or at the terminal's width if that is less."""


def doctor(
    ctx: typer.Context,
    online: Annotated[
        bool, typer.Option("--online", help="Also check whether Comet's server answers.")
    ] = False,
    as_json: options.Json = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Check this machine: libraries, GPUs, disks, terminal. Exit with 3 if a check fails."""
    import msgspec

    from medtui.cli.show.summary import print_object
    from medtui.doctor import examine

    is_fit = True
    for finding in examine(options.runs_dir_of(ctx, runs_dir), is_online=online):
        is_fit &= finding.level != "failure"
        if as_json:
            print_object(msgspec.to_builtins(finding))
        else:
            print("\n".join(_lines(finding)), flush=True)
    raise typer.Exit(0 if is_fit else 3)


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
