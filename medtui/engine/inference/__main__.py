"""The prediction process: a request on stdin, messages on stdout."""

from collections.abc import Sequence
from pathlib import Path

from medtui.cores import num_cores
from medtui.datasets.files.unlabelled import FileName, find_files
from medtui.engine.inference.reports import ThrottledReport
from medtui.errors import EnvironmentProblem
from medtui.protocol.inference import Answers, ImageAnswer, ModelOpened, PredictRequest
from medtui.protocol.outcome import Progress
from medtui.protocol.stdio import MessageWriter, answer_request, leave
from medtui.runs.folder import RunFolder


def _predict(request: PredictRequest, writer: MessageWriter) -> None:
    files = [] if request.card else _files_of(request.paths)
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


def _files_of(paths: Sequence[str]) -> list[FileName]:
    """Return the files that are asked for.

    Raises:
        EnvironmentProblem: there is none.
    """
    found = find_files(paths)
    if not found:
        raise EnvironmentProblem(
            f"No image to answer: {', '.join(paths)} has no file.", hint="Name a folder of images."
        )
    return found


if __name__ == "__main__":
    leave(answer_request(PredictRequest, _predict))
