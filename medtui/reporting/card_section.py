"""The model card of the run that a report chooses."""

from collections.abc import Iterator
from typing import assert_never

from medtui.analysis.chosen_group import smallest_non_inferior
from medtui.analysis.run_record import RunRecord
from medtui.analysis.table import Table
from medtui.errors import MedtuiError
from medtui.evidence.card.build import build_card
from medtui.evidence.card.parts import CardPart, Sentence, Statement
from medtui.reporting.contents import Contents
from medtui.reporting.parts import Heading, Paragraph, Part
from medtui.units import plural


def carded_run(contents: Contents) -> RunRecord | None:
    """Return the run whose card a report has: the chosen one, else the only compression."""
    compared = [each for each in contents.compressions if each.label in contents.val_verdicts]
    chosen = smallest_non_inferior(compared, contents.val_verdicts)
    if chosen is not None:
        return chosen.members[0]
    return contents.compressed[0] if len(contents.compressed) == 1 else None


def card_parts(contents: Contents) -> Iterator[Part]:
    """Yield the card, each of its sections under its title."""
    record = carded_run(contents)
    if record is None:
        return
    try:
        card = build_card(record, {})
    except MedtuiError as error:
        yield Paragraph(f"The card of {record.key} cannot be written: {error.message}")
        return
    count = len(card.open_questions)
    yield Paragraph(
        f"Of {record.key}. {plural(count, 'statement')} marked [NEEDS INPUT]; `medtui card` writes "
        "the card as a file, with answers and with a check of every number."
    )
    for section in card.sections:
        yield Heading(section.title)
        shown = (each for each in section.parts if not isinstance(each, Table) or each.rows)
        yield from map(_part, shown)


def _part(part: CardPart) -> Part:
    match part:
        case Sentence(text):
            return Paragraph(text)
        case Statement():
            return Paragraph(f"{part.name}: {part.text}")
        case Table():
            return part
        case _:
            assert_never(part)
