"""Sections of the reference from JSON schemas: what a preset and a card may hold."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from markdown_tables import cell, code, paragraphs, table

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one."""


def schema_sections(schema: Schema) -> Iterator[str]:
    """Yield a section for the top level, then one for each table that its keys lead to."""
    definitions = schema.get("$defs", {})
    yield "## The top level\n"
    yield paragraphs(schema.get("description"))
    yield _schema_table(schema, definitions)
    done = set[str]()
    for name, value in schema["properties"].items():
        yield from _subsections(name, value, definitions, done)


def _subsections(
    path: str, value: Schema, definitions: Mapping[str, Schema], done: set[str]
) -> Iterator[str]:
    """Yield the sections of the models that a key's value is made of, each model once."""
    for model in _models_of(value):
        if model in done:
            continue
        done.add(model)
        definition = definitions[model]
        is_array = value.get("type") == "array"
        constant = definition["properties"].get("op", {}).get("const")
        title = f"op = {constant}" if constant else (f"[[{path}]]" if is_array else f"[{path}]")
        yield f"## `{title}`\n"
        yield paragraphs(definition.get("description"))
        yield _schema_table(definition, definitions)
        for name, child in definition["properties"].items():
            yield from _subsections(f"{path}.{name}", child, definitions, done)


def _models_of(value: Schema) -> list[str]:
    """Return the names of all models that a schema refers to directly."""
    if "$ref" in value:
        return [value["$ref"].rpartition("/")[2]]
    parts = [*value.get("anyOf", []), *value.get("oneOf", [])]
    parts += [
        value[key] for key in ("items", "additionalProperties") if isinstance(value.get(key), dict)
    ]
    return [model for part in parts for model in _models_of(part)]


def _schema_table(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    required = schema.get("required", [])
    rows = []
    for name, value in schema["properties"].items():
        if "const" in value and name == "op":
            continue
        meaning = value.get("description") or _section_summary(value, definitions)
        default = "required" if name in required else _default_of(value)
        rows.append((code(name), cell(_type_of(value)), default, cell(meaning)))
    return table(("key", "type", "default", "meaning"), rows)


def _section_summary(value: Schema, definitions: Mapping[str, Schema]) -> str:
    models = _models_of(value)
    text: str = definitions[models[0]].get("description", "") if models else ""
    return text.split("\n\n", maxsplit=1)[0]


def _default_of(value: Schema) -> str:
    """Return a key's default as TOML writes it; nothing where a section follows."""
    if "default" not in value or isinstance(value["default"], dict):
        return ""
    return "none" if value["default"] is None else code(json.dumps(value["default"]))


def _type_of(value: Schema) -> str:
    """Return a JSON schema's type in words: `integer >= 1`, `"on" or "off"`."""
    if "const" in value:
        return f"`{value['const']!r}`".replace("'", '"')
    if "enum" in value:
        return " or ".join(f'`"{each}"`' for each in value["enum"])
    if "$ref" in value:
        return "table"
    for key in ("anyOf", "oneOf"):
        if key in value:
            kinds = [_type_of(part) for part in value[key] if part.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    kind = value.get("type", "value")
    if kind == "array":
        items = value.get("items")
        return f"list of {_type_of(items)}" if items else "list"
    if kind == "object":
        return "table"
    return f"{kind}{_range_of(value)}"


def _range_of(value: Schema) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    bounds = [f"{sign} {value[key]:,g}" for key, sign in signs.items() if key in value]
    return f" {', '.join(bounds)}" if bounds else ""
