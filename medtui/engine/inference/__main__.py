"""The prediction process: a request on stdin, messages on stdout."""

import signal
from pathlib import Path
from types import FrameType

from medtui.cores import num_cores
from medtui.datasets.unlabelled import find_files
from medtui.engine.inference.reports import ThrottledReport
from medtui.errors import MedtuiError
from medtui.protocol.inference import Answers, ImageAnswer, ModelOpened, PredictRequest
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, leave, read_request
from medtui.runs.folder import RunFolder

STOPPED = 128 + signal.SIGTERM


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


def _predict(request: PredictRequest, writer: MessageWriter) -> None:
    files = [] if request.card else find_files(request.paths)
    writer.send(Progress("loading the model"))
    from medtui.engine.inference.models import load_model
    from medtui.engine.inference.prediction import predict_card, predict_files
    from medtui.engine.inference.predictor import Predictor
    from medtui.engine.run.device import choose_device, configure_torch

    device = choose_device(request.device)
    configure_torch(device, request.threads or num_cores())
    report = ThrottledReport(writer)
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
