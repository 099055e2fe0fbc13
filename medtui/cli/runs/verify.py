"""`medtui runs verify`: checks the files of studies against their recorded checksums."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options
from medtui.errors import UsageError
from medtui.units import plural

if TYPE_CHECKING:
    from medtui.runs.file_check import FileCheck


def verify_runs(
    ctx: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STUDY|RUN",
            help="Studies and runs [default: all of the runs folder].",
            autocompletion=options.complete_target,
        ),
    ] = None,
    as_json: options.Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="List only missing and damaged files.")
    ] = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Check every file against the checksum that was recorded when it was written.

    The exit code is 1 if a file is missing or damaged.
    """
    from medtui.runs.utf8_names import unreadable_names

    folder = options.readable_runs_dir_of(ctx, runs_dir)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder, so nothing in it was checked.")
    counts = {"ok": 0, "not recorded": 0, "missing": 0, "damaged": 0}
    for check in _checks(folder, targets or []):
        counts[check.state] += 1
        if check.is_bad or not quiet:
            _print(check, as_json=as_json)
    for problem in () if targets else unreadable_names(folder):
        print(f"medtui: {problem}", file=sys.stderr)
    found = ", ".join(f"{count} {state}" for state, count in counts.items())
    print(f"medtui: {plural(sum(counts.values()), 'file')}: {found}", file=sys.stderr)
    if counts["missing"] or counts["damaged"]:
        raise typer.Exit(1)


def _checks(runs_dir: Path, names: Sequence[str]) -> "Iterator[FileCheck]":
    from medtui.cli.run_lookup import all_studies, find_target
    from medtui.runs.verification import verify_run, verify_study

    if not names:
        for study in all_studies(runs_dir):
            yield from verify_study(study)
    for target in [find_target(runs_dir, name) for name in names]:
        yield from verify_study(target.study) if target.run is None else verify_run(target.run)


def _print(check: "FileCheck", *, as_json: bool) -> None:
    from medtui.cli.json_lines import print_object

    if as_json:
        reason = check.reason or None
        print_object({"file": str(check.path), "state": check.state, "reason": reason})
    else:
        reason = f": {check.reason}" if check.reason else ""
        print(f"{check.state:<13}{check.path}{reason}", flush=True)
