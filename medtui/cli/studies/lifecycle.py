"""`medtui resume`, `stop` and `attach`: each takes a study, or one run of it."""

import sys

import typer

from medtui.cli import options


def resume(
    ctx: typer.Context,
    target: options.Target,
    detach: options.Detach = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Resume the unfinished runs of a study and follow them. Ctrl+C stops them again.

    If a run is given, its whole study is resumed.
    """
    from medtui.cli.follow.foreground import OutputOptions
    from medtui.cli.run_lookup import find_target
    from medtui.cli.studies.resuming import resume_and_follow

    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    output = OutputOptions(as_json, quiet, verbose)
    raise typer.Exit(resume_and_follow(found.study, output, is_detached=detach))


def stop(ctx: typer.Context, target: options.Target, runs_dir: options.RunsDir = None) -> None:
    """Stop a study or one run after its current step, with a checkpoint to resume from."""
    from medtui.cli.run_lookup import find_target
    from medtui.jobs.launcher import stop_run, stop_study

    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    was_running = stop_study(found.study) if found.run is None else stop_run(found.run)
    if was_running:
        text = f"Stop requested for {found.name}. Watch it end: medtui attach {found.name}"
    else:
        text = f"{found.name} is not running."
    print(text, file=sys.stderr)


def attach(
    ctx: typer.Context,
    target: options.Target,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Follow a running study or run. Ctrl+C stops following; the study keeps running."""
    from medtui.cli.follow.foreground import OutputOptions, Session
    from medtui.cli.follow.signals import Interrupts
    from medtui.cli.run_lookup import find_target

    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    with Interrupts() as interrupts:
        raise typer.Exit(Session(found, OutputOptions(as_json, quiet, verbose)).follow(interrupts))
