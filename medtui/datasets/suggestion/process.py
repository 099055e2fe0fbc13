"""Child process that suggests a card: `python -m medtui.datasets.suggestion.process`."""

from pathlib import Path

from medtui.datasets.suggestion.analysis import suggest
from medtui.errors import MedtuiError
from medtui.protocol.stdio import MessageWriter, read_request
from medtui.protocol.suggestion import Suggestion, SuggestionRequest


def answer(request: SuggestionRequest) -> Suggestion:
    """Return the suggestion, or why there is none as its problem."""
    try:
        return suggest(Path(request.folder), request.name, request.choices)
    except MedtuiError as error:
        return Suggestion(folder=request.folder, problem=error.message, hint=error.hint)


def main() -> None:
    """Answer one request from stdin."""
    answers = MessageWriter()
    answers.send(answer(read_request(SuggestionRequest)))


if __name__ == "__main__":
    main()
