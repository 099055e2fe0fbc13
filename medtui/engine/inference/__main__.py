"""The prediction process: a request on stdin, messages on stdout."""

import signal
import time
from pathlib import Path
from types import FrameType

from medtui.cores import num_cores
from medtui.datasets.progress import Progress as DataProgress
from medtui.datasets.unlabelled import find_files
from medtui.errors import MedtuiError
from medtui.protocol.inference import Answers, ImageAnswer, ModelOpened, PredictRequest
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, leave, read_request
from medtui.runs.folder import RunFolder
from medtui.units import format_count

STOPPED = 128 + signal.SIGTERM

_REPORT_SECONDS = 0.5


def main() -> int:
    """Answer one request."""
    writer = MessageWriter()
    request = read_request(PredictRequest)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        _predict(request, writer)
    except MedtuiError as error:
        writer.send(Failed.of(error))
        return error.exit_code
    except (KeyboardInterrupt, BrokenPipeError):  # stopped, or the requesting process ended
        return STOPPED
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Reporter:
    """Sends progress, at most twice a second."""

    def __init__(self, writer: MessageWriter) -> None:
        self._writer = writer
        self._last = 0.0

    def __call__(self, progress: DataProgress) -> None:
        if (now := time.monotonic()) - self._last >= _REPORT_SECONDS:
            self._last = now
            counts = f"{format_count(progress.done)} of {format_count(progress.total)}"
            self._writer.send(Progress(f"{progress.stage}: {counts}"))


def _predict(request: PredictRequest, writer: MessageWriter) -> None:
    files = [] if request.card else find_files(request.paths)
    writer.send(Progress("loading the model"))
    from medtui.engine.inference.models import load_model
    from medtui.engine.inference.prediction import predict_card, predict_files
    from medtui.engine.inference.predictor import Predictor
    from medtui.engine.run.device import choose_device, configure_torch

    device = choose_device(request.device)
    configure_torch(device, request.threads or num_cores())
    report = _Reporter(writer)
    predictor = Predictor(load_model(RunFolder(Path(request.run)), request.model, device, report))
    if request.finds_unlike:
        writer.send(Progress("comparing with the training images"))
        predictor.learn_familiarity(report)
    opened, record = predictor.model, predictor.model.record
    writer.send(
        ModelOpened(
            opened.name,
            record.classes,
            record.task,
            len(files),
            predictor.alarm,
            predictor.notes,
        )
    )

    def take(answers: list[ImageAnswer]) -> None:
        writer.send(Answers(answers))

    if request.card:
        predict_card(predictor, request.card, request.root, take, report)
    else:
        predict_files(predictor, files, take, report)


if __name__ == "__main__":
    leave(main())
