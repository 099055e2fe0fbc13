"""Filter expressions over runs: `scheme=Prune density<0.5 OR NOT acc>90%`, `run~malaria.*prune`."""

import shlex

from medtui.analysis.columns import column_named
from medtui.analysis.run_record import RunRecord
from medtui.filter_grammar import Field, Filter, Holds, field_term, parse


def filter_of_study(name: str) -> str:
    """Return the expression that holds for the runs of one study, whatever its name is."""
    return shlex.quote(f"study={name}")


def parse_filter(text: str) -> Filter[RunRecord]:
    """Parse an expression: terms separated by spaces, all of which must hold.

    A term is a column, one of `= != < <= > >= ~ !~`, and a value; shares may be written `90%`, and
    `none` matches what was not measured. `~` searches a regular expression. `has:COLUMN` holds
    where the column was measured. A term without an operator is searched in the run's name. Case
    is ignored; quotes preserve spaces. `NOT`, `OR` and `AND` are those of all filters.

    Raises:
        UsageError: a term cannot be parsed, or an operator has no term.
    """
    return parse(text, _term)


def _term(word: str) -> Holds[RunRecord]:
    return field_term(word, _field, _has_word)


def _field(name: str) -> Field[RunRecord]:
    column = column_named(name)
    return Field(column.name, column.read, column.is_text, column.show, column.words)


def _has_word(word: str, entry: RunRecord) -> bool:
    return word.casefold() in entry.key.casefold()
