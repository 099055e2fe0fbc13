"""What a table of a TOML file is to its model: its keys, and checks across several of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Strict, model_validator
from pydantic_core import PydanticCustomError

from medtui.preset.former_names import FormerNames
from medtui.preset.toml_lines import Location

T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(strict=False)]
"""A TOML array, stored as a tuple; its elements are validated strictly."""

FAULTS = "faults"
"""Type of the validation error that carries what checks across several keys found."""

UNSHOWN = "unshown"
"""Type of a validation error whose source line may hold a secret, and is not shown."""


@dataclass(frozen=True)
class Fault:
    """One thing that a check across several keys found."""

    key: Location
    """The key at which it is reported, counted from the table that was checked."""
    sentence: str
    """What is wrong, and the remedy where there is one."""
    reads: tuple[Location, ...] = ()
    """The keys that the check read, counted from the same table."""


@dataclass(frozen=True)
class Check:
    """A check of a whole table; it runs where all that it reads is valid by itself."""

    find: Callable[[Any], Iterator[Fault]]
    reads: tuple[Location, ...]


def check(*keys: str) -> Callable[[Callable[[Any], Iterator[Fault]]], Check]:
    """Declare a method of a `Document` as a check across `keys`, such as `steps` or `lc.cycles`.

    A check that reads a key with an error of its own is skipped, in this table and in those around
    it, so that one mistake is not reported twice.
    """

    def mark(find: Callable[[Any], Iterator[Fault]]) -> Check:
        return Check(find, tuple(as_location(key) for key in keys))

    return mark


def fault(key: str | Location, sentence: str) -> Fault:
    """Return what a check found at a key: `scheme`, `search.low`, `("custom", 1, "name")`."""
    return Fault(as_location(key) if isinstance(key, str) else key, sentence)


def all_differ(key: str) -> Check:
    """Return a check that no element of the array `key` is given twice; None is no array."""

    def find(document: Document) -> Iterator[Fault]:
        values = getattr(document, key) or ()
        for position, value in enumerate(values):
            if value in values[:position]:
                yield fault((key, position), f"{list(values)} names a value twice")

    return check(key)(find)


def as_location(key: str) -> Location:
    """Return the location of a dotted key."""
    return tuple(key.split("."))


def overlaps(one: Location, other: Location) -> bool:
    """Return whether one location is the other or encloses it."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


class Document(BaseModel):
    """A table of a TOML file: unknown keys and wrong types are errors, values do not change."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        ignored_types=(Check,),
    )

    former_names: ClassVar[FormerNames] = FormerNames()
    """Keys and values of earlier versions that are still accepted, for the root table of a file."""

    @model_validator(mode="after")
    def _keys_agree(self) -> Self:
        faults = list(self._faults())
        if faults:
            summary = "; ".join(each.sentence for each in faults)
            raise PydanticCustomError(FAULTS, "{summary}", {"summary": summary, "faults": faults})
        return self

    def _faults(self) -> Iterator[Fault]:
        broken: list[Location] = []
        for each in _checks_of(type(self)):
            if any(overlaps(key, at) for key in each.reads for at in broken):
                continue
            for found in each.find(self):
                broken.append(found.key)
                yield replace(found, reads=each.reads)


@cache
def _checks_of(model: type[Document]) -> list[Check]:
    """Return a model's checks; its attributes are searched once, and not for every document."""
    return [
        value
        for kind in reversed(model.__mro__)
        for value in vars(kind).values()
        if isinstance(value, Check)
    ]
