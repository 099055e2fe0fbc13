"""A card as Markdown."""

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from medtui.analysis.table import Table, escape_markdown, table_markdown
from medtui.evidence.card.build import ModelCard
from medtui.evidence.card.parts import CardPart, Sentence, Statement
from medtui.units import plural


def card_markdown(card: ModelCard) -> str:
    """Return the card; what needs input is counted above it."""
    count = len(card.open_questions)
    verb = "needs" if count == 1 else "need"
    note = (
        f"{plural(count, 'statement')} {verb} input, marked below. Every number has its file and "
        "key in the column source, and in the JSON file beside this one."
    )
    lines = [f"# Model card: {escape_markdown(card.run)}", "", note, ""]
    for section in card.sections:
        lines += [f"## {escape_markdown(section.title)}", ""]
        for part in section.parts:
            lines += [*_part(part), ""]
    return "\n".join(lines).rstrip() + "\n"


def _part(part: CardPart) -> Iterator[str]:
    match part:
        case Sentence(text):
            yield escape_markdown(text)
        case Statement():
            yield f"- **{part.name}**: {_escaped(part.text)}"
        case Table():
            if part.rows:  # most columns are texts: all are aligned to the left
                aligned = replace(part, num_keys=len(part.headers))
                yield f"### {escape_markdown(part.title)}\n\n{table_markdown(aligned).rstrip()}"
        case _:
            assert_never(part)


def _escaped(text: str) -> str:
    """Return an answer, which may have several lines, as one list item."""
    return "\n  ".join(escape_markdown(line) for line in text.splitlines())
