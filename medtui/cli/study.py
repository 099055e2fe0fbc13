"""Verbs about studies at work: go on, stop, look on. Each takes a study, or one run of it."""

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
    """Go on with what a study has not finished, and follow it. Ctrl+C stops it again.

    Given a run, its study goes on.
    """
    from medtui.cli.follow.foreground import Session, Telling, announce, warn_of_logout
    from medtui.cli.follow.signals import Interrupts
    from medtui.cli.run_lookup import Target, find_target
    from medtui.jobs.launcher import resume_study, stop_study

    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    telling = Telling(as_json, quiet, verbose)
    study = found.study
    with Interrupts() as interrupts:
        announce(f"{study.name}: going on", telling)
        resume_study(study)
        if detach:
            print(study.name)
            announce(f"{study.name} runs on its own; `medtui attach {study.name}`", telling)
            warn_of_logout(telling)
            raise typer.Exit
        session = Session(Target(study), telling, stop=lambda: stop_study(study))
        raise typer.Exit(session.follow(interrupts))


def stop(ctx: typer.Context, target: options.Target, runs_dir: options.RunsDir = None) -> None:
    """Stop a study, or one run of it: it finishes its step, saves, and can be resumed."""
    from medtui.cli.run_lookup import find_target
    from medtui.jobs.launcher import stop_run, stop_study

    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    was_at_work = stop_study(found.study) if found.run is None else stop_run(found.run)
    word = "was asked to stop; `medtui attach` shows it end" if was_at_work else "is not at work"
    print(f"{found.name} {word}", file=sys.stderr)


def attach(
    ctx: typer.Context,
    target: options.Target,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Follow a study or a run at work. Ctrl+C leaves it running."""
    from medtui.cli.follow.foreground import Session, Telling
    from medtui.cli.follow.signals import Interrupts
    from medtui.cli.run_lookup import find_target

    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    with Interrupts() as interrupts:
        raise typer.Exit(Session(found, Telling(as_json, quiet, verbose)).follow(interrupts))
