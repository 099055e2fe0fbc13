"""Suggests a card in a child process: a large table or many folders would block the screen."""

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.protocol.suggestion import (
    Choices,
    Suggestion,
    SuggestionRequest,
    suggestion_decoder,
)


class CardSuggestion:
    """A process that suggests a card and can be cancelled."""

    def __init__(self, folder: str, name: str, choices: Choices) -> None:
        self._folder = folder
        self._process: ChildProcess[Suggestion] = ChildProcess(
            "medtui.datasets.suggestion.process",
            suggestion_decoder,
            SuggestionRequest(folder, name, choices),
            error_prefix="The folder could not be inspected",
        )

    def cancel(self) -> None:
        """Stop the process; return at once."""
        self._process.cancel()

    def wait(self) -> Suggestion:
        """Wait for the suggestion; a failure is its problem."""
        try:
            with self._process as process:
                return process.result()
        except MedtuiError as error:
            return Suggestion(folder=self._folder, problem=error.message, hint=error.hint)
