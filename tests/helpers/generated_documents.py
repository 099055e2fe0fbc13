"""Malformed presets, cards and options: every field of their models with every kind of damage."""

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import tomli
import tomlkit
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from medtui.preset.document import Document

PRESET = """
schema = 2
name = "whole"
data = { card = "demo", augment = { hue = 0.1 } }
search = { scheme = ["Prune"] }
model = {}
reference = {}
compute = {}
lc = {}
guard = {}
evaluate = {}
machine = {}
shrink = {}
bench = {}
track = {}
slurm = {}
ray = {}
external = [{ name = "b", card = "demo" }]
[compress]
schemes = ["All"]
[[compress.custom]]
name = "All"
operators = [
  { op = "Prune" }, { op = "FilterPrune" }, { op = "NeuronPrune" },
  { op = "StructPrune" }, { op = "BlockPrune" }, { op = "Quantize" },
]
[published."all-0.1"]
metric = "accuracy"
value = 0.9
"""
"""A preset with a table for every model that a preset can have."""

CARD = """
name = "whole"
format = "table"
size = 32
channels = 1
classes = ["a", "b"]
table = { file = ["a.csv"], name_column = "n", label_column = "l", subgroups = [
  { name = "age", column = "age" },
] }
dicom = {}
augment = {}
official = { test = "test.txt", train_val = "rest.txt" }
download = [{ url = "https://example.org/a.zip", file = "a.zip" }]
"""
"""A card with a table for every model that a card can have."""

DIGITS = 5_000

REFUSED_VALUES = {
    "date": "1979-05-27",
    "time": "07:32:00",
    "array in arrays": "[[1]]",
    "table in arrays": "[[{ a = 1 }]]",
    "nested": "[" * 40 + "]" * 40,
    "tables nested": "{ a = " * 12 + "1" + " }" * 12,
    "digits": "9" * DIGITS,
    "negative digits": "-" + "9" * DIGITS,
    "hexadecimal digits": "0x" + "f" * DIGITS,
    "10**20": str(10**20),
    "64 bits": str(2**63),
    "-10**20": str(-(10**20)),
    "nan": "nan",
    "inf": "inf",
    "minus inf": "-inf",
    "overflow": "1e999",
    "no value": "",
}
"""Values that no field has."""

OTHER_VALUES = {
    "negative": "-1",
    "zero": "0",
    "integer": "3",
    "fraction": "-0.5",
    "large": "1e308",
    "true": "true",
    "empty": '""',
    "word": '"__none__"',
    "long": f'"{"x" * 10_000}"',
    "escape": r'"\u001b]52;c;aGk=\u0007"',
    "zero character": r'"a\u0000b"',
    "direction": r'"\u202egnp.a"',
    "empty array": "[]",
    "texts": '["__none__", ""]',
    "numbers": "[-1, 0.5, 100000000000000000000]",
    "empty table": "{}",
    "table": '{ "" = 1, a = "b" }',
}
"""Values that some fields may have."""

_MARK = "@@value@@"


@dataclass(frozen=True)
class Case:
    """One file, and the options beside it."""

    name: str
    """The field and what is wrong with it."""
    raw: bytes
    """The file."""
    options: tuple[str, ...] = ()
    """Values of `--set`."""
    is_wrong: bool = False
    """Whether it is certain that this is no preset; others may happen to be one."""

    @property
    def is_toml(self) -> bool:
        """Whether it is TOML, with usable numbers, as a file."""
        try:
            tomli.loads(self.raw.decode())
        except (ValueError, RecursionError):
            return False
        return True


@dataclass(frozen=True)
class Place:
    """A field of a model, where a document has it."""

    path: tuple[str | int, ...]
    field: FieldInfo


def models_within(annotation: object) -> set[type[Document]]:
    """Return every model that a field's type leads to."""
    found: set[type[Document]] = set()
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, Document):
            found |= {part}.union(*(
                models_within(each.annotation) for each in part.model_fields.values()
            ))  # fmt: skip
    return found


def visit(
    model: type[Document], table: Mapping[str, Any], at: tuple[str | int, ...] = ()
) -> Iterator[tuple[type[Document], Place]]:
    """Yield every model of a document with each of its fields."""
    for name, field in model.model_fields.items():
        path = (*at, field.alias or name)
        yield model, Place(path, field)
        models = [
            part for part in _parts(field.annotation)
            if isinstance(part, type) and issubclass(part, Document)
        ]  # fmt: skip
        if models:
            for place, value in _tables(table.get(str(path[-1])), path):
                yield from visit(_model_of(value, models), value, place)


def cases(model: type[Document], text: str) -> Iterator[Case]:
    """Yield every kind of damage to every field of a document, then to its keys."""
    table = tomli.loads(text)
    for _, place in visit(model, table):
        name = ".".join(map(str, place.path))
        template = tomlkit.dumps(_with(table, place.path, _MARK))
        for kind, raw, is_wrong in _values():
            changed = template.replace(f'"{_MARK}"', raw)
            yield Case(f"{name}: {kind}", changed.encode(), is_wrong=is_wrong)
        yield from _key_cases(table, place, name, template)


def option_cases(model: type[Document], text: str) -> Iterator[Case]:
    """Yield every kind of damage to every field as an option beside a sound file."""
    for _, place in visit(model, tomli.loads(text)):
        if any(isinstance(part, int) for part in place.path):
            continue  # no option leads into an array
        key = ".".join(f'"{part}"' if "." in str(part) else str(part) for part in place.path)
        for kind, raw, is_wrong in _values():
            # What is no TOML value is a text here, which some fields take.
            is_text = kind in {"overflow", "no value", "nested", "tables nested"}
            option = f"{key}={raw}"
            yield Case(f"--set {key}: {kind}", text.encode(), (option,), is_wrong and not is_text)
        yield Case(f"--set {key}: unknown", text.encode(), (f"{key}x=1",), is_wrong=True)
        yield Case(f"--set {key}: no value given", text.encode(), (key,), is_wrong=True)


def damaged_texts(text: str, count: int, seed: int) -> Iterator[Case]:
    """Yield a document's bytes with random damage to them."""
    rng = random.Random(seed)
    for number in range(count):
        raw = bytearray(text.encode())
        kind = rng.choice(("bits", "cut", "bytes", "line twice", "encoding", "too long"))
        match kind:
            case "bits":
                for _ in range(rng.randint(1, 4)):
                    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
            case "cut":
                del raw[rng.randrange(len(raw)) :]
            case "bytes":
                at = rng.randrange(len(raw))
                raw[at:at] = rng.choice(
                    (b"\0", b"\x1b[2J", b"\xff", b"'''", b'"', b"[", b"}", b"=")
                )
            case "line twice":
                lines = bytes(raw).splitlines(keepends=True)
                raw = bytearray(b"".join([*lines, rng.choice(lines)]))
            case "encoding":
                raw = bytearray(text.encode(rng.choice(("utf-16", "utf-32", "utf-16-le"))))
            case _:
                raw += b"# " + b"x" * (64 * 1024)
        yield Case(f"text {number}: {kind}", bytes(raw))


def _values() -> Iterator[tuple[str, str, bool]]:
    for kind, raw in REFUSED_VALUES.items():
        yield kind, raw, True
    for kind, raw in OTHER_VALUES.items():
        yield kind, raw, False


def _key_cases(table: Mapping[str, Any], place: Place, name: str, template: str) -> Iterator[Case]:
    key = str(place.path[-1])
    near = _with(table, (*place.path[:-1], f"{key}x"), 1)
    yield Case(f"{name}: unknown key", tomlkit.dumps(near).encode(), is_wrong=True)
    line = next(line for line in template.splitlines() if _MARK in line)
    if line.startswith(f"{key} = "):
        twice = template.replace(line, f"{key} = 1\n{key} = 1")
        yield Case(f"{name}: given twice", twice.encode(), is_wrong=True)
    if place.field.is_required():
        without = _with(table, place.path, None)
        del _at(without, place.path[:-1])[key]
        yield Case(f"{name}: missing", tomlkit.dumps(without).encode(), is_wrong=True)


def _parts(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


def _tables(
    value: object, at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield the tables of a field: it, those of its array, or those under free names."""
    if isinstance(value, list):
        for position, each in enumerate(value):
            yield (*at, position), each
    elif at == ("published",):
        assert isinstance(value, dict)
        for name, each in value.items():
            yield (*at, name), each
    elif isinstance(value, dict):
        yield at, value


def _model_of(value: dict[str, Any], models: list[type[Document]]) -> type[Document]:
    for model in models:
        try:
            model.model_validate(value)
        except ValidationError:
            continue
        return model
    raise AssertionError(f"{value} fits none of {models}")


def _with(table: Mapping[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(dict(table))
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def _at(table: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        table = table[part]
    return table
