"""The process that evaluates sealed tests: sends its progress, and writes opened results."""

from pathlib import Path

from medtui.engine.opening.opener import open_tests
from medtui.errors import MedtuiError
from medtui.protocol.opening import OpeningRequest
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, leave, read_request
from medtui.runs.folder import StudyFolder


def main() -> int:
    """Evaluate the test of the requested runs."""
    writer = MessageWriter()
    request = read_request(OpeningRequest)
    study = StudyFolder(Path(request.study))
    runs = [study.run(name) for name in request.runs]
    try:
        open_tests(runs, request.device, lambda text: writer.send(Progress(text)))
    except MedtuiError as error:
        writer.send(Failed.of(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    leave(main())
