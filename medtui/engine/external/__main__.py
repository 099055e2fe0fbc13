"""The evaluation process: a request on stdin, messages on stdout."""

from pathlib import Path

from medtui.engine.inference.reports import ThrottledReport
from medtui.preset.external import ExternalSite
from medtui.protocol.external import EvaluateRequest
from medtui.protocol.outcome import Progress
from medtui.protocol.stdio import MessageWriter, answer_request, leave
from medtui.runs.folder import RunFolder


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
    others = [RunFolder(Path(each)) for each in request.others]
    for message in evaluation.run_all(runs, others=others, model=request.model):
        writer.send(message)


if __name__ == "__main__":
    leave(answer_request(EvaluateRequest, _evaluate))
