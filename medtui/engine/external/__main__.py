"""The evaluation process: a request on stdin, messages on stdout."""

import signal
from pathlib import Path
from types import FrameType

from medtui.engine.inference.reports import ThrottledReport
from medtui.errors import MedtuiError, explain_os_error
from medtui.preset.external import ExternalSite
from medtui.protocol.external import EvaluateRequest
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, leave, read_request
from medtui.runs.folder import RunFolder

STOPPED = 128 + signal.SIGTERM


def main() -> int:
    """Answer one request."""
    writer = MessageWriter()
    request = read_request(EvaluateRequest)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        _evaluate(request, writer)
    except MedtuiError as error:
        writer.send(Failed.of(error))
        return error.exit_code
    except BrokenPipeError:  # the requesting process ended
        return STOPPED
    except OSError as error:
        problem = explain_os_error(error)
        writer.send(Failed.of(problem))
        return problem.exit_code
    except KeyboardInterrupt:
        return STOPPED
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _evaluate(request: EvaluateRequest, writer: MessageWriter) -> None:
    writer.send(Progress("loading"))
    from medtui.engine.external.evaluation import Evaluation
    from medtui.engine.run.device import choose_device, configure_torch
    from medtui.engine.run.load_run import preset_of

    runs = [RunFolder(Path(each)) for each in request.runs]
    device = choose_device(request.device)
    configure_torch(device, request.threads or preset_of(runs[0]).machine.reference_threads)
    evaluation = Evaluation(
        ExternalSite.model_validate_json(request.site),
        device,
        request.command,
        ThrottledReport(writer),
    )
    for measured in evaluation.run_all(runs):
        writer.send(measured)


if __name__ == "__main__":
    leave(main())
