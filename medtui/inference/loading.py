"""Loads a finished run's model by the folder of the run, or by the name that it has in `runs/`."""

import os
from pathlib import Path

from medtui.errors import UsageError
from medtui.inference.model import Model
from medtui.runs.folder import RunFolder
from medtui.runs.runs_dir import default_runs_dir
from medtui.runs.subfolders import is_planned


def load(
    run: str | os.PathLike[str],
    *,
    model: str = "run",
    device: str = "auto",
    threads: int = 0,
    finds_unlike: bool = True,
) -> Model:
    """Return a finished run's model, ready to answer images.

    Args:
        run: the run's folder, or STUDY/RUN in `MEDTUI_RUNS_DIR` or `runs/`.
        model: `run`, `shrunk`, a format of the run's exports (`onnx`), or the path of such a file.
        device: `auto`, `cpu`, `cuda` or `cuda:1`.
        threads: CPU threads of torch; 0 leaves them as they are.
        finds_unlike: whether images unlike the training images are marked. The first time this
            reads the run's own data set; what is measured is stored in the run's folder.

    Raises:
        UsageError: there is no such run, it is not finished, or has no such model.
        MedtuiError: files of the run are missing or damaged.
    """
    from medtui.engine.inference.models import load_model
    from medtui.engine.inference.predictor import Predictor
    from medtui.engine.run.device import choose_device, configure_torch

    folder = _folder_of(Path(run))
    chosen = choose_device(device)
    configure_torch(chosen, threads)
    predictor = Predictor(load_model(folder, model, chosen))
    if finds_unlike:
        predictor.learn_familiarity()
    return Model(predictor)


def _folder_of(run: Path) -> RunFolder:
    for path in (run.expanduser(), default_runs_dir() / run):
        if path.is_dir() and is_planned(path):
            return RunFolder(path.resolve())
    raise UsageError(
        f"There is no run {run}, neither here nor in {default_runs_dir()}.",
        hint="Name its folder: medtui.load('runs/malaria/prune-0.1').",
    )
