"""The process that evaluates sealed tests: sends its progress, and writes opened results."""

from pathlib import Path

from medtui.engine.opening.opener import open_tests
from medtui.protocol.opening import OpeningRequest
from medtui.protocol.outcome import Progress
from medtui.protocol.stdio import MessageWriter, answer_request, leave
from medtui.runs.folder import StudyFolder


def _open(request: OpeningRequest, writer: MessageWriter) -> None:
    study = StudyFolder(Path(request.study))
    runs = [study.run(name) for name in request.runs]
    open_tests(runs, request.device, lambda text: writer.send(Progress(text)))


if __name__ == "__main__":
    leave(answer_request(OpeningRequest, _open))
