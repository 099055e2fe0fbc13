"""What a card consists of, independent of the output format."""

from dataclasses import dataclass

from medtui.analysis.table import Table

NEEDS_INPUT = "[NEEDS INPUT]"
"""Stands where no file tells what a reader must know."""


@dataclass(frozen=True)
class Sentence:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Statement:
    """What a person says, or has still to say."""

    name: str
    """Its key in the file of answers."""
    question: str
    answer: str = ""
    """Empty where it is missing."""

    @property
    def text(self) -> str:
        """The answer, or what is to be answered."""
        return self.answer or f"{NEEDS_INPUT} {self.question}"


CardPart = Sentence | Statement | Table


@dataclass(frozen=True)
class CardSection:
    """A headline and what stands below it."""

    title: str
    parts: tuple[CardPart, ...]
