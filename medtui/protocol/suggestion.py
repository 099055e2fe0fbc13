"""Request and answer of the process that suggests a card for images without one."""

from typing import Literal

import msgspec

NONE = "none"
"""Chosen value for "without": no table, no patient column, no official split."""

Key = Literal["table", "image", "label", "level", "patient", "split"]
"""What is chosen; also the name of the command's option."""


class Choices(msgspec.Struct, frozen=True):
    """What a person has chosen; empty values are suggested by the data."""

    table: list[str] = []
    """Tables relative to the folder; `none` uses class folders."""
    image: str = ""
    """Column of the image names."""
    label: list[str] = []
    """Columns of labels; `A:C` is each 0/1 column from A to C."""
    level: str = ""
    """Name of one class folder, which selects all folders of its level."""
    patient: str = ""
    """Column of the patient, `pattern` for a pattern in the path, or `none`."""
    split: str = ""
    """Column of the split, `folders`, the list of test images, or `none`."""
    classes: list[str] = []
    """Order of the classes; empty puts the negative class first."""
    positive: str = ""
    """Class that sensitivity is about; empty takes the last of two."""
    accept: list[str] = []
    """Errors of the data set that are accepted."""


class Candidate(msgspec.Struct, frozen=True):
    """One possible answer to a question, with the evidence for it."""

    value: str
    """What is written to choose it."""
    evidence: str
    """Counts that speak for or against it."""
    counts: dict[str, int] = {}
    """Values with their number of rows or images, most frequent first."""
    is_likely: bool = True
    """Whether name or form speaks for it, not only that it is possible."""


class Question(msgspec.Struct, frozen=True):
    """One decision about a card."""

    key: Key
    """What is chosen."""
    candidates: list[Candidate]
    """Possible answers, the likeliest first."""
    chosen: str = ""
    """Value of the answer; empty where there is none yet."""
    is_required: bool = False
    """Whether no card can be written without an answer."""

    @property
    def is_open(self) -> bool:
        """Return whether the user has to choose."""
        return self.is_required and not self.chosen


class Suggestion(msgspec.Struct, frozen=True, tag=True):
    """What a folder of images contains, and the card that follows from it."""

    folder: str
    """Folder, or npz file."""
    num_images: int = 0
    """Number of image files."""
    questions: list[Question] = []
    """Decisions, each with its candidates."""
    classes: list[str] = []
    """Classes in the order of the outputs; empty while undecided."""
    positive: str = ""
    """Positive class of a two-class task; empty for other tasks."""
    task: str = ""
    """`single` or `multi`; empty while undecided."""
    notes: list[str] = []
    """Further evidence, one sentence each."""
    card: str = ""
    """Text of the card; empty while a choice is open or the card would be refused."""
    refused_card: str = ""
    """Text of a card that would be refused, with `problem`."""
    problem: str = ""
    """Why there is no card; empty where there is one."""
    hint: str = ""
    """What to do about the problem."""
    errors: list[str] = []
    """Names of the errors for which a study would not start; they can be accepted."""

    @property
    def open_questions(self) -> list[Question]:
        """Return the decisions that the user has to make."""
        return [question for question in self.questions if question.is_open]


class SuggestionRequest(msgspec.Struct, frozen=True):
    """The images that a card is suggested for."""

    folder: str
    """Folder of images, or an npz file."""
    name: str
    """Name of the card."""
    choices: Choices = Choices()
    """What was chosen so far."""


suggestion_decoder: msgspec.json.Decoder[Suggestion] = msgspec.json.Decoder(Suggestion)
