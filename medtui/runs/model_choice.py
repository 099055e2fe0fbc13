"""Which model of a finished run answers: its own, its shrunk one, or a file that was exported."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from medtui.errors import UsageError
from medtui.protocol.export import FormatName
from medtui.runs.exports import read_exports
from medtui.runs.folder import RunFolder
from medtui.suggest import did_you_mean

RUN, SHRUNK = "run", "shrunk"
"""Names of the models in a run's folder; others are formats of exports, or paths."""

_FORMATS: tuple[str, ...] = get_args(FormatName)


def find_model(run: RunFolder, model: str) -> Path:
    """Return the file of `run`, `shrunk`, the newest export of a format, or a path.

    Raises:
        UsageError: the run has no such model, or there is no such file.
    """
    name = run.full_name
    if model == RUN:
        return run.model
    if model == SHRUNK:
        if run.shrunk_manifest.is_file():
            return run.shrunk
        raise UsageError(
            f"{name} has no shrunk model.",
            hint="Export one: medtui export RUN --shrink --safetensors, and name it: --model PATH.",
        )
    if model in _FORMATS:
        found = [each for each in read_exports(run.exports) if each.metadata.format == model]
        if found:
            return run.exports / max(found, key=lambda each: each.written_at).file
        raise UsageError(
            f"{name} has no {model} file in {run.exports}.",
            hint=f"Write one: medtui export {name} --{model}",
        )
    path = Path(model).expanduser()
    if path.is_file():
        return path
    known = [RUN, SHRUNK, *_FORMATS]
    meant = did_you_mean(model, known, otherwise="")
    raise UsageError(
        f"`{model}` is neither a model of a run nor a file. {meant}".rstrip(),
        hint=f"Models: {', '.join(known)}, or the path of an exported file.",
    )


def runs_with(runs: Sequence[RunFolder], model: str) -> tuple[list[RunFolder], str]:
    """Return the runs that have a model besides their own, and a sentence on the others, if any.

    Raises:
        UsageError: none has it, or an exported file is named for several runs.
    """
    if model == RUN:
        return [], ""
    if is_path(model) and len(runs) > 1:
        raise UsageError(
            f"{model} is a file of one run, but {len(runs)} runs are named.",
            hint="Name the run that it was exported from: medtui evaluate STUDY/RUN --model FILE",
        )
    found, lacking, errors = list[RunFolder](), list[str](), list[UsageError]()
    for run in runs:
        try:
            find_model(run, model)
            found.append(run)
        except UsageError as error:
            lacking.append(run.full_name)
            errors.append(error)
    if not found:
        raise errors[0]
    others = f"left out, without a {model} model: {', '.join(lacking)}" if lacking else ""
    return found, others


def is_path(model: str) -> bool:
    """Return whether a model is named by a path, which belongs to a single run."""
    return model not in {RUN, SHRUNK, *_FORMATS}


def name_of(model: str, path: Path) -> str:
    """Return what a model is called in results: `run`, `shrunk` or the name of its file."""
    return model if model in {RUN, SHRUNK} else path.name
