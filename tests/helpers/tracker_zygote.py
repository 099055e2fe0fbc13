"""Real followers without the seconds of their libraries' import, see `tests.helpers.zygote`.

Each follows its run for the tracker that `TRACKER` names, in short intervals, and draws no figures.
"""

import os
import sys
import traceback
from pathlib import Path

from medtui.runs.folder import RunFolder
from tests.helpers.zygote import begin, serve


def main() -> None:
    """Fork followers until stdin ends."""
    from medtui.mlflow import follower as mlflow
    from medtui.tracking import figures, follower

    follower.POLL_SECONDS = mlflow.SEND_SECONDS = mlflow.RETRY_SECONDS = 0.05
    figures.write_figures = lambda _run, _folder: []
    _import_libraries()
    serve(work)


def _import_libraries() -> None:
    import mlflow.tracking._tracking_service.utils  # noqa: F401 - the clients of all stores

    import medtui.tensorboard.follower  # noqa: F401 - loads tensorboard


def work(run: RunFolder, environment: dict[str, str]) -> None:
    """Follow a run with the options `OPTIONS`, and end."""
    from medtui.mlflow.follower import open_mlflow
    from medtui.tensorboard.follower import open_tensorboard
    from medtui.tracking.follower import run_follower

    status = 1
    try:
        begin(Path(environment["LOG"]), environment)
        sys.argv = ["follower", str(run.path), "--mode", "online", *environment["OPTIONS"].split()]
        opened = {"mlflow": open_mlflow, "tensorboard": open_tensorboard}
        name = environment["TRACKER"]
        status = run_follower(name, opened[name])
    except BaseException:  # noqa: BLE001 - as at the end of an interpreter
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
