"""`medtui runs`: list, show, compare, verify, clean and pack the runs of a folder."""

from typing import Annotated

import typer

from medtui.cli import options
from medtui.cli.runs.clean import clean_runs
from medtui.cli.runs.compare import compare_runs
from medtui.cli.runs.pack import pack_runs
from medtui.cli.runs.verify import verify_runs

app = typer.Typer(
    help="List, show, compare, verify, clean and pack runs, finished and running.",
    no_args_is_help=True,
)
app.command(name="compare")(compare_runs)
app.command(name="verify")(verify_runs)
app.command(name="clean")(clean_runs)
app.command(name="pack")(pack_runs)


@app.command(name="list")
def list_runs(
    ctx: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(help="List only this study.", autocompletion=options.complete_target),
    ] = None,
    newest: Annotated[
        int | None,
        typer.Option(
            "--newest", min=1, metavar="N", help="List the N newest runs only [default: all]."
        ),
    ] = None,
    as_json: options.Json = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """List all runs: running studies first, then those with the latest event."""
    from medtui.cli.json_lines import print_object
    from medtui.cli.run_lookup import find_target, list_studies, read_study
    from medtui.cli.show.listing import runs_table, waiting_lines, warn_of_damage
    from medtui.cli.show.summary import run_object
    from medtui.monitor.summary_of_study import summarise_study
    from medtui.runs.folder import StudyFolder

    folder = options.readable_runs_dir_of(ctx, runs_dir)
    if study is None:
        studies, problem = list_studies(folder, newest)
    else:
        studies, problem = [summarise_study(read_study(find_target(folder, study).study))], ""
    runs = [run for each in studies for run in each.runs][:newest]
    if as_json:
        chosen = {run.key for run in runs}
        for name in dict.fromkeys(run.study for run in runs):
            feed = read_study(StudyFolder(folder / name))
            for run in feed.runs:
                if f"{name}/{run.folder.name}" in chosen:
                    print_object(run_object(feed, run))
    elif runs:
        print("\n".join([runs_table(runs), *waiting_lines(studies)]))
    else:
        typer.echo(f"No runs in {folder}. Start some with: medtui --run demo", err=True)
    warn_of_damage(studies, problem)


@app.command(name="show")
def show_run(
    ctx: typer.Context,
    target: options.Target,
    as_json: options.Json = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Show a run (state, metrics with 95 % intervals, size, layers) or the table of a study."""
    from medtui.cli.json_lines import print_object
    from medtui.cli.run_lookup import find_target, read_study, run_in
    from medtui.cli.show.listing import describe_study
    from medtui.cli.show.run_details import describe_run
    from medtui.cli.show.summary import run_object

    found = find_target(options.readable_runs_dir_of(ctx, runs_dir), target)
    study = read_study(found.study)
    runs = study.runs if found.run is None else [run_in(study, found.run)]
    if as_json:
        for run in runs:
            print_object(run_object(study, run))
    elif found.run is None:
        print(describe_study(study))
    else:
        print(describe_run(study, runs[0]))
