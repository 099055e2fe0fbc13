"""Filter expressions over runs: `scheme=Prune density<0.5 acc>0.9`, `run~malaria.*prune`."""

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

_TERM = re.compile(r"(?P<name>[\w-]+)\s*(?P<sign>!=|!~|<=|>=|=|~|<|>)(?P<value>.*)", re.DOTALL)

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Filter:
    """Holds for a run if all of its terms hold."""

    terms: tuple[Callable[[RunRecord], bool], ...]

    def __call__(self, entry: RunRecord) -> bool:
        """Return whether the run matches."""
        return all(holds(entry) for holds in self.terms)


def parse_filter(text: str) -> Filter:
    """Parse an expression: terms separated by spaces, all of which must hold.

    A term is a column, one of `= != < <= > >= ~ !~`, and a value; shares may be written `90%`, and
    `none` matches what was not measured. `~` searches a regular expression. A term without an
    operator is searched in the run's name. Case is ignored; quotes preserve spaces.

    Raises:
        UsageError: a term cannot be parsed.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"The filter `{text}` has an unclosed quote.") from error
    return Filter(tuple(_term(word) for word in words))


def _term(word: str) -> Callable[[RunRecord], bool]:
    parts = _TERM.fullmatch(word)
    if parts is None:
        return lambda entry: word.casefold() in entry.key.casefold()
    column, sign, value = column_named(parts["name"]), parts["sign"], parts["value"].strip()
    if sign in {"~", "!~"}:
        return _search(column, value, is_wanted=sign == "~")
    if sign in _ORDERS:
        return _order(column, sign, value)
    return _equality(column, value, is_wanted=sign == "=")


def _search(column: Column, pattern: str, *, is_wanted: bool) -> Callable[[RunRecord], bool]:
    try:
        wanted = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"The filter `{pattern}` is not a regular expression: {error}.") from error
    return lambda entry: any(map(wanted.search, _texts(column, entry))) == is_wanted


def _order(column: Column, sign: str, text: str) -> Callable[[RunRecord], bool]:
    limit, compare = _number(text), _ORDERS[sign]
    if limit is None or column.is_text:
        raise UsageError(f"The filter `{column.name}{sign}{text}` needs a number on both sides.")

    def holds(entry: RunRecord) -> bool:
        value = column.number(entry)
        return value is not None and compare(value, limit)

    return holds


def _equality(column: Column, text: str, *, is_wanted: bool) -> Callable[[RunRecord], bool]:
    number = _number(text)

    def is_equal(value: Value) -> bool:
        if value is None:
            return text.casefold() == "none"
        if isinstance(value, str):
            return text.casefold() in {value.casefold(), column.words.get(value, value).casefold()}
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
