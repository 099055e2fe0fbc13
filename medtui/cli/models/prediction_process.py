"""Runs the prediction's process for `medtui predict`, writes its answers and sums them up."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from medtui.cli.follow.signals import INTERRUPTED
from medtui.cli.models.answers_file import (
    AnswersFile,
    Form,
    answers_file,
    require_form,
    require_place,
)
from medtui.cli.models.prediction_summary import PredictionSummary
from medtui.cli.run_lookup import find_run
from medtui.cli.stream import erase_progress, write_progress
from medtui.datasets.files.unlabelled import is_card
from medtui.errors import EnvironmentProblem, UsageError
from medtui.jobs.prediction import PredictionProcess
from medtui.protocol.inference import Answers, ModelOpened, PredictMessage, PredictRequest
from medtui.protocol.outcome import Progress
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.model_choice import find_model


@dataclass(frozen=True)
class PredictOptions:
    """What `medtui predict` was asked for."""

    runs_dir: Path
    target: str
    images: Sequence[str]
    """A folder, a card or files."""
    root: str
    output: Path | None
    """None writes CSV, or JSON, to stdout."""
    model: str
    device: str
    threads: int
    finds_unlike: bool
    as_json: bool
    is_quiet: bool


def predict_images(asked: PredictOptions) -> int:
    """Predict images, write the answers and return the exit code.

    Raises:
        MedtuiError: there is no such run, model or image, or the output cannot be written.
    """
    run = _run_of(asked)
    receiver = _Receiver(asked, require_form(asked.output, as_json=asked.as_json))
    require_place(asked.output)
    process = PredictionProcess(_request_of(asked, run), run.full_name)
    try:
        process.follow(receiver.handle)
        summary = receiver.finish()
    except KeyboardInterrupt:
        process.cancel()
        receiver.discard()
        left = "stdout has a part of the answers" if asked.output is None else "no file was written"
        print(f"medtui: Cancelled; {left}.", file=sys.stderr)
        return INTERRUPTED
    except BaseException:
        receiver.discard()
        raise
    print(summary.text, file=sys.stderr)
    if asked.output is not None:
        print(asked.output)
    return 0 if summary.num_answered else EnvironmentProblem.exit_code


class _Receiver:
    """Writes the answers of a prediction's process as they arrive, and counts them."""

    def __init__(self, asked: PredictOptions, form: Form) -> None:
        self._asked = asked
        self._form = form
        self._written: AnswersFile | None = None
        self._summary: PredictionSummary | None = None

    def handle(self, message: PredictMessage) -> None:
        """Take a message of the process."""
        match message:
            case Progress(text):
                if not self._asked.is_quiet:
                    write_progress(text)
            case ModelOpened():
                self._summary = PredictionSummary(message)
                self._written = answers_file(self._form, self._asked.output, message.classes)
            case Answers(images):
                assert self._written is not None
                assert self._summary is not None
                self._written.add(images)
                self._summary.add(images)
            case _:
                assert_never(message)

    def finish(self) -> PredictionSummary:
        """Move the file into place; return the summary."""
        if not self._asked.is_quiet:
            erase_progress()
        assert self._written is not None
        assert self._summary is not None
        self._written.close()
        return self._summary

    def discard(self) -> None:
        """Delete what was written."""
        if self._written is not None:
            self._written.discard()


def _run_of(asked: PredictOptions) -> RunFolder:
    run = find_run(
        asked.runs_dir,
        asked.target,
        refusal="but a single run's model answers",
        example="medtui predict STUDY/reference IMAGES",
    )
    if not is_finished(run):
        raise UsageError(
            f"{run.full_name} is not finished: it has no model yet.",
            hint=f"Its state: medtui runs show {run.full_name}",
        )
    find_model(run, asked.model)  # torch takes seconds to load before it is looked for
    return run


def _request_of(asked: PredictOptions, run: RunFolder) -> PredictRequest:
    cards = [path for path in asked.images if is_card(path)]
    if cards and len(asked.images) > 1:
        raise UsageError(f"{cards[0]} is a card; name it alone.")
    if asked.root and not cards:
        raise UsageError("--root belongs to a card, and none is named.")
    return PredictRequest(
        str(run.path.resolve()), [] if cards else list(asked.images), cards[0] if cards else "",
        asked.root, asked.model, asked.device, asked.threads, asked.finds_unlike,
    )  # fmt: skip
