"""`medtui extend`: add densities, schemes, seeds or external data sets to a study."""

from typing import Annotated

import typer

from medtui.cli import options

Additions = Annotated[
    list[str] | None,
    options.set_option("What to add to the preset, for example 'compress.densities=[0.05]'."),
]


def extend(
    ctx: typer.Context,
    target: options.Target,
    additions: Additions = None,
    detach: options.Detach = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Add to a study, and run what is new; its references and runs are not trained again.

    --set names what is added: compress.densities=[0.05], compress.schemes=["FilterPruneGroup"],
    compress.seeds=[1], reference.seeds=[1]. External data sets are evaluated by the new runs and
    by those that are finished.
    """
    from medtui.cli.follow.foreground import OutputOptions
    from medtui.cli.run_lookup import find_target
    from medtui.cli.studies.extending import extend_and_follow
    from medtui.errors import UsageError

    if not additions:
        raise UsageError(
            "Nothing to add.", hint="Name it: medtui extend STUDY --set 'compress.densities=[0.05]'"
        )
    study = find_target(options.runs_dir_of(ctx, runs_dir), target).study
    output = OutputOptions(as_json, quiet, verbose)
    raise typer.Exit(extend_and_follow(study, additions, output, is_detached=detach))
