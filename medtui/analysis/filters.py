"""Filter expressions over runs: `scheme=Prune density<0.5 OR NOT acc>90%`, `run~malaria.*prune`."""

import math
import operator
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from medtui.analysis.column import Column, Value
from medtui.analysis.columns import column_named
from medtui.analysis.run_record import RunRecord
from medtui.errors import UsageError
from medtui.units import MISSING

_TERM = re.compile(r"(?P<name>[\w-]+)\s*(?P<sign>!=|!~|<=|>=|=|~|<|>)(?P<value>.*)", re.DOTALL)

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


Holds = Callable[[RunRecord], bool]

_HAS = "has:"
"""Begins a term that asks whether a column was measured: `has:latency`."""


@dataclass(frozen=True)
class Filter:
    """Holds for a run if all terms of one of its alternatives hold."""

    alternatives: tuple[tuple[Holds, ...], ...]

    def __call__(self, entry: RunRecord) -> bool:
        """Return whether the run matches."""
        return any(all(holds(entry) for holds in terms) for terms in self.alternatives)


def filter_of_study(name: str) -> str:
    """Return the expression that holds for the runs of one study, whatever its name is."""
    return shlex.quote(f"study={name}")


def parse_filter(text: str) -> Filter:
    """Parse an expression: terms separated by spaces, all of which must hold.

    A term is a column, one of `= != < <= > >= ~ !~`, and a value; shares may be written `90%`, and
    `none` matches what was not measured. `~` searches a regular expression. `has:COLUMN` holds
    where the column was measured. A term without an operator is searched in the run's name. Case
    is ignored; quotes preserve spaces.

    `NOT` negates the term after it, `OR` begins an alternative, and `AND` may be written between
    terms; these three words are in capitals. `a b OR c` holds where a and b hold, or c.

    Raises:
        UsageError: a term cannot be parsed, or an operator has no term.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"The filter `{text}` has an unclosed quote.") from error
    alternatives: list[list[Holds]] = [[]]
    operator_before = ""
    for word in words:
        if word in {"AND", "OR"}:
            if operator_before or not alternatives[-1]:
                raise _missing_term(text, operator_before or word)
            if word == "OR":
                alternatives.append([])
            operator_before = word
        elif word == "NOT":
            operator_before = "NOT" if operator_before != "NOT" else ""
        else:
            holds = _term(word)
            alternatives[-1].append(_negated(holds) if operator_before == "NOT" else holds)
            operator_before = ""
    if operator_before:
        raise _missing_term(text, operator_before)
    return Filter(tuple(map(tuple, alternatives)))


def _negated(holds: Holds) -> Holds:
    return lambda entry: not holds(entry)


def _missing_term(text: str, word: str) -> UsageError:
    return UsageError(
        f"The filter `{text}` has no term beside `{word}`.",
        hint=f'Write a term, or "{word.lower()}" to search that word in names.',
    )


def _term(word: str) -> Holds:
    if word.startswith(_HAS):
        measured = column_named(word.removeprefix(_HAS))
        return lambda entry: measured.read(entry) not in {None, MISSING}
    parts = _TERM.fullmatch(word)
    if parts is None:
        return lambda entry: word.casefold() in entry.key.casefold()
    column, sign, given = column_named(parts["name"]), parts["sign"], parts["value"]
    value = given.strip()
    if sign in {"~", "!~"}:
        return _search(column, value, is_wanted=sign == "~")
    if sign in _ORDERS:
        return _order(column, sign, value)
    return _equality(column, given, is_wanted=sign == "=")


def _search(column: Column, pattern: str, *, is_wanted: bool) -> Holds:
    try:
        wanted = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"The filter `{pattern}` is not a regular expression: {error}.") from error
    return lambda entry: any(map(wanted.search, _texts(column, entry))) == is_wanted


def _order(column: Column, sign: str, text: str) -> Holds:
    limit, compare = _number(text), _ORDERS[sign]
    if limit is None or column.is_text:
        raise UsageError(f"The filter `{column.name}{sign}{text}` needs a number on both sides.")

    def holds(entry: RunRecord) -> bool:
        value = column.number(entry)
        return value is not None and compare(value, limit)

    return holds


def _equality(column: Column, given: str, *, is_wanted: bool) -> Holds:
    """Compare with a value as it was given, and without the spaces around it."""
    text = given.strip()
    number = _number(text)

    def is_equal(value: Value) -> bool:
        if value is None:
            return text.casefold() == "none"
        if isinstance(value, str):
            known = {value.casefold(), column.words.get(value, value).casefold()}
            return bool(known & {text.casefold(), given.casefold()})
        return number is not None and math.isclose(value, number, rel_tol=1e-9)

    return lambda entry: is_equal(column.read(entry)) == is_wanted


def _texts(column: Column, entry: RunRecord) -> list[str]:
    """Return the texts that a pattern is searched in: as shown, and as stored."""
    value = column.read(entry)
    return [column.text(entry), *([value] if isinstance(value, str) else [])]


def _number(text: str) -> float | None:
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
