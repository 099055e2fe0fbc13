"""`medtui track`: record finished runs with MLflow or TensorBoard."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from medtui.cli import options


class TrackerName(StrEnum):
    """Trackers that need no command of their own; `medtui comet` is Comet's."""

    MLFLOW = "mlflow"
    TENSORBOARD = "tensorboard"


def track(
    ctx: typer.Context,
    tracker: Annotated[TrackerName, typer.Argument(help="Where the runs are recorded.")],
    target: options.Target,
    pseudonymise: options.Pseudonymise = False,
    runs_dir: options.RunsDir = None,
    overrides: options.Overrides = None,
) -> None:
    """Record a run or a study with a tracker, from the logs.

    What the tracker has already is not recorded twice. MLflow's store is that of the preset, of
    --set track.mlflow=ADDRESS, or of MLFLOW_TRACKING_URI.
    """
    from medtui.cli.run_lookup import find_target
    from medtui.jobs.tracker import require_library
    from medtui.preset import TRACKERS
    from medtui.tracking.dispatch import record_run

    row = next(each for each in TRACKERS if each.name == tracker.value)
    require_library(row)
    overrides = [*(overrides or []), *(["track.pseudonymise=true"] if pseudonymise else [])]
    found = find_target(options.runs_dir_of(ctx, runs_dir), target)
    for run in found.runs():
        if run.events.is_file():
            print(run.full_name, file=sys.stderr, flush=True)
            if where := record_run(run, row, overrides):
                print(where, flush=True)
