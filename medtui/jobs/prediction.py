"""Starts the process that predicts images. For command line and screen."""

from collections.abc import Callable

from medtui.child_process import ChildProcess
from medtui.protocol.inference import PredictMessage, PredictRequest, decoder


class PredictionProcess:
    """A process that predicts images and can be cancelled."""

    def __init__(self, request: PredictRequest, name: str) -> None:
        """Start it; `name` is the run's, for messages.

        Raises:
            EnvironmentProblem: the process could not be started.
        """
        self._process = ChildProcess(
            "medtui.engine.inference",
            decoder,
            request,
            error_prefix=f"The prediction by {name} failed",
        )

    def follow(self, report: Callable[[PredictMessage], object]) -> None:
        """Wait for its end; `report` receives each message.

        Raises:
            MedtuiError: the model could not be loaded, or the images not be read.
        """
        with self._process as process:
            for message in process.messages():
                report(message)

    def cancel(self) -> None:
        """Stop it and wait for its end."""
        self._process.close()
