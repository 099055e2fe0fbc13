"""`medtui comet`: upload runs to Comet."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from medtui.cli import options

if TYPE_CHECKING:
    from medtui.runs.folder import RunFolder

app = typer.Typer(help="Upload finished runs to Comet.", no_args_is_help=True)


@app.command(name="archive")
def archive(ctx: typer.Context, target: options.Target, runs_dir: options.RunsDir = None) -> None:
    """Write Comet archives from the logs of a run or a study, without a key or a network."""
    from medtui.comet.dispatch import archive_run

    _for_each(_runs_of(ctx, target, runs_dir), archive_run)


@app.command(name="upload")
def upload(ctx: typer.Context, target: options.Target, runs_dir: options.RunsDir = None) -> None:
    """Upload the archives of a run or a study; missing archives are written first."""
    from medtui.comet.dispatch import upload_run

    _for_each(_runs_of(ctx, target, runs_dir), upload_run)


@app.command(name="sync")
def sync(ctx: typer.Context, target: options.Target, runs_dir: options.RunsDir = None) -> None:
    """Upload what Comet does not have yet directly from the logs, without archives."""
    from medtui.comet.dispatch import sync_run

    _for_each(_runs_of(ctx, target, runs_dir), sync_run)


def _for_each(runs: Iterator["RunFolder"], do: Callable[["RunFolder"], object]) -> None:
    """Call `do` with each run; stderr names the run, stdout gets what it returns."""
    for run in runs:
        print(run.full_name, file=sys.stderr, flush=True)
        outcome = do(run)
        if outcome:
            print(outcome, flush=True)


def _runs_of(ctx: typer.Context, target: str, runs_dir: Path | None) -> Iterator["RunFolder"]:
    from medtui.cli.run_lookup import find_target

    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    return (run for run in found.runs() if run.events.is_file())
