"""Starts the process that evaluates sealed tests. For the gate."""

from collections.abc import Callable, Sequence

from medtui.child_process import ChildProcess
from medtui.protocol.opening import OpeningRequest, decoder
from medtui.runs.folder import RunFolder, StudyFolder


def evaluate_sealed(
    study: StudyFolder, runs: Sequence[RunFolder], device: str, report: Callable[[str], object]
) -> None:
    """Write the opened results of finished runs, references first; each stays sealed for now.

    Raises:
        MedtuiError: data or weights are missing or have changed, or the process failed.
    """
    request = OpeningRequest(str(study.path.resolve()), [run.name for run in runs], device)
    with ChildProcess(
        "medtui.engine.opening",
        decoder,
        request,
        error_prefix=f"The test of {study.name} could not be evaluated",
    ) as process:
        for message in process.messages():
            report(message.text)
