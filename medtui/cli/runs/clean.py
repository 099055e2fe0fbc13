"""`medtui runs clean`: deletes what interrupted writers left behind, and empties the trash."""

from typing import Annotated

import typer

from medtui.cli import options
from medtui.units import format_bytes


def clean_runs(
    ctx: typer.Context,
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STUDY",
            help="Studies [default: all of the runs folder].",
            autocompletion=options.complete_target,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be deleted; delete nothing.")
    ] = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Delete temporary files of interrupted writers, checkpoints of finished runs, and the trash.

    Runs that are running are passed over. Results, models and logs are deleted only of studies in
    the trash; with STUDY, the trash stays as it is.
    """
    from medtui.cli.run_lookup import all_studies, find_studies
    from medtui.runs.leftovers import delete_leftover, leftovers_of, measure
    from medtui.runs.trash import trashed_studies

    folder = options.runs_dir_of(ctx, runs_dir)
    chosen = find_studies(folder, studies) if studies else all_studies(folder)
    found = [(each, "") for study in chosen for each in leftovers_of(study)]
    if not studies:
        found += [
            (measure(each.path), f"  the deleted study {each.name}")
            for each in trashed_studies(folder)
        ]
    total = 0
    for leftover, what in found:
        if not dry_run:
            delete_leftover(leftover)
        total += leftover.num_bytes
        print(f"{leftover.path}  {format_bytes(leftover.num_bytes)}{what}")
    verb = "would be freed" if dry_run else "freed"
    typer.echo(f"medtui: {format_bytes(total)} {verb}", err=True)
