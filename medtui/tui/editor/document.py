"""An edited preset: its TOML text, which the form and the text view both show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Annotated, Any, get_args, get_origin

import tomli
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from medtui.errors import MedtuiError
from medtui.preset import Preset, parse_preset
from medtui.preset.file import find_preset_path, with_present_names
from medtui.preset.schema import SCHEMA_VERSION, former_defaults
from medtui.preset.toml import DocumentError, Problem, read_text

ORIGIN = "this preset"


@dataclass(frozen=True)
class PresetDocument:
    """A preset's text, valid or not. Frozen: every change returns another document."""

    text: str
    """TOML, with comments."""

    @cached_property
    def outcome(self) -> Preset | list[Problem]:
        """The preset, or all errors in the text."""
        try:
            return parse_preset(self.text, ORIGIN)
        except DocumentError as error:
            return error.problems
        except MedtuiError as error:
            return [Problem(error.message)]

    @property
    def preset(self) -> Preset | None:
        """The preset; None while the text is invalid."""
        return self.outcome if isinstance(self.outcome, Preset) else None

    @property
    def problems(self) -> list[Problem]:
        """Errors in the text; empty where it is valid."""
        return [] if isinstance(self.outcome, Preset) else self.outcome

    @cached_property
    def table(self) -> dict[str, Any]:
        """The text's values; empty where it is not TOML."""
        try:
            return tomli.loads(self.text)
        except tomli.TOMLDecodeError:
            return {}

    def value(self, section: str, name: str) -> object:
        """Return a key's value, else its default; None where it has neither.

        In a table within another one (`data.augment`) a default counts only if the table exists.
        """
        table: object = self.table
        for part in section.split(".") if section else ():
            table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict) and name in table:
            return table[name]
        if table is None and "." in section:
            return None
        key = f"{section}.{name}" if section else name
        default = former_defaults(self.table).get(key, field_of(section, name).default)
        return None if default is PydanticUndefined else default

    def has(self, section: str) -> bool:
        """Return whether a table can be edited: it exists, is required, or is within another."""
        if "." in section:
            return True
        is_optional = bool(section) and Preset.model_fields[section].default is None
        return not is_optional or section in self.table

    def problem_of(self, section: str, name: str, found: Sequence[Problem] = ()) -> str:
        """Return the first problem of a key, here or in `found`; empty where it has none."""
        for problem in (*self.problems, *found):
            if is_about(problem, section, name):
                return problem.sentence
        return ""

    def set_to(self, section: str, name: str, value: object) -> "PresetDocument":
        """Return the document with a key set; None removes it, which means its default.

        A table within another one goes with its last key.
        """
        import tomlkit  # slow to import, and only forms write TOML

        toml = tomlkit.parse(self.text)
        table: Any = toml
        outer, _, inner = section.partition(".")
        for part in filter(None, (outer, inner)):
            table = table.setdefault(part, tomlkit.table())
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
        if inner and not table:
            toml[outer].pop(inner)
        return replace(self, text=tomlkit.dumps(toml))

    def without(self, section: str) -> "PresetDocument":
        """Return the document without a table; comments above the next header stay."""
        import tomlkit

        toml: Any = tomlkit.parse(self.text)
        kept = _comments_after(toml[section])
        place = [key for key, _ in toml.body].index(section)
        toml.body[place : place + 1] = kept
        return replace(self, text=tomlkit.dumps(toml))

    def with_table_of(self, other: "PresetDocument", section: str) -> "PresetDocument":
        """Return the document with a table of another document, comments included."""
        import tomlkit

        toml: Any = tomlkit.parse(self.text)
        table: Any = tomlkit.parse(other.text)[section]
        del table.value.body[len(table.value.body) - len(_comments_after(table)) :]
        toml[section] = table
        return replace(self, text=tomlkit.dumps(toml))


def _comments_after(table: Any) -> list[Any]:  # noqa: ANN401 - tomlkit's own parts
    """Return the comments and empty lines below a table's last value."""
    below = takewhile(lambda part: part[0] is None, reversed(table.value.body))
    return list(below)[::-1]


def empty_document() -> PresetDocument:
    """Return a preset that names no data set yet; everything else has its default."""
    return PresetDocument(f'schema = {SCHEMA_VERSION}\nname = "study"\n\n[data]\n')


def document_from(name_or_path: str) -> PresetDocument:
    """Return a preset's file for editing; a data folder relative to the file stays reachable.

    Raises:
        MedtuiError: the preset does not exist, or is not valid TOML.
    """
    from medtui.preset import load_preset

    path = find_preset_path(name_or_path)
    document = PresetDocument(with_present_names(read_text(path)))
    for name, value in load_preset(name_or_path).data.model_dump().items():
        if name in {"root", "card"} and value != document.value("data", name):
            document = document.set_to("data", name, value)
    return document


def sections() -> dict[str, type[BaseModel]]:
    """Return the preset's tables by name, in the order of the file: `data`, `data.augment`."""
    found: dict[str, type[BaseModel]] = {}
    for name, model in _tables_of(Preset).items():
        found[name] = model
        found |= {f"{name}.{inner}": table for inner, table in _tables_of(model).items()}
    return found


def _tables_of(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the keys of a table that are tables themselves."""
    models = {name: _model_of(info.annotation) for name, info in model.model_fields.items()}
    return {name: table for name, table in models.items() if table is not None}


def _model_of(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type annotation may be anything
    kinds = get_args(annotation) if type(None) in get_args(annotation) else (annotation,)
    tables = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return next(tables, None)


def is_about(problem: Problem, section: str, name: str) -> bool:
    """Return whether a problem is about a key, or about a part of its value."""
    key = f"{section}.{name}" if section else name
    return problem.key == key or problem.key.startswith((f"{key}[", f"{key}."))


def field_of(section: str, name: str) -> FieldInfo:
    """Return the model's field of a key: its default, type and description."""
    return (sections()[section] if section else Preset).model_fields[name]


def takes_array(section: str, name: str) -> bool:
    """Return whether a key holds several values."""
    annotation = field_of(section, name).annotation
    kinds = [annotation, *get_args(annotation)]
    bare = [kind.__origin__ if get_origin(kind) is Annotated else kind for kind in kinds]
    return any(get_origin(kind) is tuple for kind in bare)


def read_typed(text: str, *, is_array: bool = False) -> object:
    """Parse the text of a field as a TOML value; other text is a string.

    `0.5, 0.1` is an array, without brackets; for a key that `is_array`, so are `0.5` and
    `Prune, FilterPrune`. Empty is None, the default.
    """
    stripped = text.strip()
    if not stripped:
        return None
    if is_array and not stripped.startswith("["):
        return [read_typed(part) for part in stripped.split(",") if part.strip()]
    try:
        return tomli.loads(f"value = {stripped}")["value"]
    except (tomli.TOMLDecodeError, RecursionError):
        pass
    parts = [part for part in stripped.split(",") if part.strip()]
    is_array = "," in stripped and all(_is_number(part) for part in parts[:1])
    return [read_typed(part) for part in parts] if is_array else stripped


def _is_number(text: str) -> bool:
    return isinstance(read_typed(text), int | float)


def show_typed(value: object) -> str:
    """Return a value as it is typed into a field."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ", ".join(map(show_typed, value))
        case float():
            return f"{value:g}"
        case _:
            return str(value)
