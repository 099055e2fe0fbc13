"""The grammar of all filters: terms that must hold, `NOT`, `OR`, `has:`, values and patterns.

`a b OR NOT c` holds where a and b hold, or c does not. What a term is about, runs or studies or
lines, is its caller's: `Field` reads values, and a word without an operator is searched in a text.
"""

import math
import operator
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from medtui.errors import UsageError
from medtui.units import MISSING, format_number

T = TypeVar("T")

Value = float | str | None
"""None if it was not measured or does not apply."""

Holds = Callable[[T], bool]

_TERM = re.compile(r"(?P<name>[\w-]+)\s*(?P<sign>!=|!~|<=|>=|=|~|<|>)(?P<value>.*)", re.DOTALL)

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_HAS = "has:"
"""Begins a term that asks whether a field has a value: `has:latency`."""


@dataclass(frozen=True)
class Field(Generic[T]):
    """A property that terms are about."""

    name: str
    read: Callable[[T], Value]
    is_text: bool = False
    show: Callable[[float | None], str] = format_number
    """Formats a number as it is shown, for patterns."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Stored values to the words shown for them; both are accepted."""

    def texts(self, item: T) -> list[str]:
        """Return the texts that a pattern is searched in: as shown, and as stored."""
        value = self.read(item)
        if isinstance(value, str):
            return [self.words.get(value, value), value]
        return [self.show(value)]


@dataclass(frozen=True)
class Term(Generic[T]):
    """A condition, or with `NOT` its opposite."""

    holds: Holds[T]
    is_negated: bool = False


@dataclass(frozen=True)
class Filter(Generic[T]):
    """Holds for an item if all terms of one of its alternatives hold."""

    alternatives: tuple[tuple[Term[T], ...], ...]

    def __call__(self, item: T) -> bool:
        """Return whether the item matches."""
        return self.has_one([item])

    def has_one(self, items: Sequence[T]) -> bool:
        """Return whether one of the items matches all terms, and none what `NOT` excludes."""
        return any(self._matches(terms, items) for terms in self.alternatives)

    def _matches(self, terms: Iterable[Term[T]], items: Sequence[T]) -> bool:
        wanted = [term.holds for term in terms if not term.is_negated]
        excluded = [term.holds for term in terms if term.is_negated]
        if any(holds(item) for holds in excluded for item in items):
            return False
        return any(all(holds(item) for holds in wanted) for item in items)


def parse(text: str, make_term: Callable[[str], Holds[T]]) -> Filter[T]:
    """Parse an expression; `make_term` gives the condition of each term.

    Quotes preserve spaces. `NOT` negates the term after it, `OR` begins an alternative, and `AND`
    may be written between terms; these three words are in capitals.

    Raises:
        UsageError: a term cannot be parsed, or an operator has no term.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"The filter `{text}` has an unclosed quote.") from error
    alternatives: list[list[Term[T]]] = [[]]
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
            alternatives[-1].append(Term(make_term(word), operator_before == "NOT"))
            operator_before = ""
    if operator_before:
        raise _missing_term(text, operator_before)
    return Filter(tuple(map(tuple, alternatives)))


def parse_words(text: str) -> Filter[str]:
    """Parse an expression whose terms are searched in a text; case is ignored.

    What is not an expression yet, while it is being typed, is searched as it is.
    """
    try:
        return parse(text, _contained)
    except UsageError:
        return Filter(((Term(_contained(text)),),))


def _contained(word: str) -> Holds[str]:
    wanted = word.casefold()
    return lambda text: wanted in text.casefold()


def field_term(
    word: str, field_named: Callable[[str], Field[T]], has_word: Callable[[str, T], bool]
) -> Holds[T]:
    """Return the condition of a term: `name<value`, `has:name`, or a word alone.

    Raises:
        UsageError: there is no such field, or it cannot be compared like this.
    """
    if word.startswith(_HAS):
        measured = field_named(word.removeprefix(_HAS))
        return lambda item: measured.read(item) not in {None, MISSING}
    parts = _TERM.fullmatch(word)
    if parts is None:
        return lambda item: has_word(word, item)
    asked, sign, given = field_named(parts["name"]), parts["sign"], parts["value"]
    value = given.strip()
    if sign in {"~", "!~"}:
        return _search(asked, value, is_wanted=sign == "~")
    if sign in _ORDERS:
        return _order(asked, sign, value)
    return _equality(asked, given, is_wanted=sign == "=")


def _missing_term(text: str, word: str) -> UsageError:
    return UsageError(
        f"The filter `{text}` has no term beside `{word}`.",
        hint=f'Write a term, or "{word.lower()}" to search that word in names.',
    )


def _search(asked: Field[T], pattern: str, *, is_wanted: bool) -> Holds[T]:
    try:
        wanted = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"The filter `{pattern}` is not a regular expression: {error}.") from error
    return lambda item: any(map(wanted.search, asked.texts(item))) == is_wanted


def _order(asked: Field[T], sign: str, text: str) -> Holds[T]:
    limit, compare = _number(text), _ORDERS[sign]
    if limit is None or asked.is_text:
        raise UsageError(f"The filter `{asked.name}{sign}{text}` needs a number on both sides.")

    def holds(item: T) -> bool:
        value = asked.read(item)
        return isinstance(value, int | float) and compare(value, limit)

    return holds


def _equality(asked: Field[T], given: str, *, is_wanted: bool) -> Holds[T]:
    """Compare with a value as it was given, and without the spaces around it."""
    text = given.strip()
    number = _number(text)

    def is_equal(value: Value) -> bool:
        if value is None:
            return text.casefold() == "none"
        if isinstance(value, str):
            known = {value.casefold(), asked.words.get(value, value).casefold()}
            return bool(known & {text.casefold(), given.casefold()})
        return number is not None and math.isclose(value, number, rel_tol=1e-9)

    return lambda item: is_equal(asked.read(item)) == is_wanted


def _number(text: str) -> float | None:
    """Return a number; None for what is none, NaN and infinity included."""
    try:
        number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
