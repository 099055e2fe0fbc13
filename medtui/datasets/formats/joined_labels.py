"""Notices labels that are joined by something else than the card's separator."""

from medtui.datasets.card import Card
from medtui.datasets.findings import error, warning
from medtui.datasets.tables.label_cell import find_other_separator
from medtui.protocol.finding import Finding
from medtui.units import plural

_USUAL = frozenset({",", ";", "|"})
"""Separators that are rarely part of a class's name beside both of its parts."""


def joined_label_findings(words: list[list[str]], card: Card) -> list[Finding]:
    """Return a finding if labels such as `COVID-19, ARDS` seem to be two; an error as a rule."""
    if card.table is None or not card.table.label_column:
        return []
    labels = (label for each in words for label in each)
    found = find_other_separator(labels, card.table.separator, card.classes)
    if found is None:
        return []
    verb = "seems" if found.num_cells == 1 else "seem"
    sentence = (
        f"{plural(found.num_cells, 'label')} like `{found.example}` {verb} to be several joined "
        f'by `{found.separator}`: set table.separator = "{found.separator}" in the card, or name '
        f"`{found.example}` among its classes"
    )
    rank = error if found.separator in _USUAL else warning
    return [rank("joined-labels", sentence)]
