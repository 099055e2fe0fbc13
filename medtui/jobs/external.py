"""Starts the process that evaluates finished runs on another data set."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from medtui.child_process import ChildProcess
from medtui.datasets.card import load_card
from medtui.errors import UsageError
from medtui.preset.external import ExternalSite, read_class_map
from medtui.protocol.external import EvaluateMessage, EvaluateRequest, decoder
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.model_choice import RUN
from medtui.runs.run_names import names_probe
from medtui.storage.writing import require_writable
from medtui.user_folders import expand_home


class EvaluationProcess:
    """A process that evaluates runs and can be cancelled; results that are complete stay."""

    def __init__(
        self,
        runs: Sequence[RunFolder],
        site: ExternalSite,
        *,
        device: str = "auto",
        threads: int = 0,
        others: Sequence[RunFolder] = (),
        model: str = RUN,
    ) -> None:
        """Start it; `model` of the runs `others` is evaluated after their own.

        Raises:
            EnvironmentProblem: a run cannot be written, or the process not started.
        """
        for run in runs:
            require_writable(run.path)
        request = EvaluateRequest(
            [str(run.path.resolve()) for run in runs], site.model_dump_json(), device, threads,
            [str(run.path.resolve()) for run in others], model, sys.argv,
        )  # fmt: skip
        self._process = ChildProcess(
            "medtui.engine.external",
            decoder,
            request,
            error_prefix=f"The evaluation on {site.name} failed",
        )

    def follow(self, report: Callable[[EvaluateMessage], object]) -> None:
        """Wait for its end; `report` receives each message.

        Raises:
            MedtuiError: a run or the data set could not be read.
        """
        with self._process as process:
            for message in process.messages():
                report(message)

    def stop(self) -> None:
        """Ask it to stop; `follow` returns then."""
        self._process.cancel()

    def cancel(self) -> None:
        """Stop it and wait for its end."""
        self._process.close()


def with_baselines(runs: Sequence[RunFolder]) -> list[RunFolder]:
    """Return finished runs with those that they are compared with, these first.

    Changes are relative to the control, and to the reference; low-fidelity runs of a search are
    left out.
    """
    chosen = dict[RunFolder, None]()
    for run in runs:
        chosen[run.reference] = None
    for run in runs:
        if run.is_compared:
            chosen[run.control] = None
    for run in runs:
        chosen[run] = None
    return [run for run in chosen if is_finished(run) and not names_probe(run.name)]


def describe_site(
    card: str,
    root: str = "",
    *,
    name: str = "",
    split: str = "all",
    class_map: Path | None = None,
) -> ExternalSite:
    """Return a data set as a person names it, with paths that hold in any folder.

    Without a `name` it is called as in its card. `class_map` is a file of class names.

    Raises:
        UsageError: there is no such card, or a value is not allowed.
        DocumentError: the card or the map is not valid.
    """
    found, path = load_card(card)
    classes = read_class_map(expand_home(class_map)) if class_map else {}
    try:
        return ExternalSite(
            name=name or found.name,
            card=str(path.resolve()),
            root=str(expand_home(root).absolute()) if root else "",
            split=split,  # type: ignore[arg-type] # checked here
            classes=classes,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"--{first['loc'][0]}: {first['msg']}.") from error
