"""Generates the parts of the reference that are stated in code, as Markdown.

`conf.py` calls `write_pages` on every build, so these pages cannot be out of date. The pages under
`docs/reference/` include what is generated here. Run it alone to look at the result:

    python docs/generate_reference.py docs/reference/generated
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer.main

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one."""

HIDDEN_OPTIONS = {"--help", "--install-completion", "--show-completion"}
"""Options that every Typer application has."""


def write_pages(folder: Path) -> None:
    """Write every generated page into `folder`; unchanged files keep their modification time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        path = folder / f"{name}.md"
        text = make()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def cli_page() -> str:
    """Return a section for each command, with its arguments and options."""
    from medtui.cli.root import app

    return "\n".join(_command_sections(typer.main.get_command(app), "medtui"))


def _command_sections(command: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - Typer's command
    yield f"## `{name}`\n"
    yield _paragraphs(command.help)
    options = [param for param in command.params if param.opts[0].startswith("-")]
    arguments = [param for param in command.params if param not in options]
    if arguments:
        rows = [(_argument_name(param), _cell(param.help)) for param in arguments]
        yield _table(("argument", "meaning"), rows)
    rows = [
        (_option_names(param), _cell(f"{param.help} {_default_note(param)}"))
        for param in options
        if not HIDDEN_OPTIONS & set(param.opts)
    ]
    if rows:
        yield _table(("option", "meaning"), rows)
    for child, subcommand in getattr(command, "commands", {}).items():
        yield from _command_sections(subcommand, f"{name} {child}")


def _argument_name(param: Any) -> str:  # noqa: ANN401 - Typer's parameter
    name = param.metavar or str(param.name).upper()
    return _code(name if param.required else f"[{name}]")


def _option_names(param: Any) -> str:  # noqa: ANN401 - Typer's parameter
    value = "" if param.is_flag else f" {param.metavar or str(param.name).upper()}"
    names = sorted([*param.opts, *param.secondary_opts], key=len, reverse=True)
    return ", ".join(_code(name + (value if name == names[0] else "")) for name in names)


def _default_note(param: Any) -> str:  # noqa: ANN401 - Typer's parameter
    is_told = param.default in {None, False, True, ""} or "[default" in (param.help or "")
    return "" if is_told else f"[default: {param.default}]"


def preset_page() -> str:
    """Return a section for each table of a preset."""
    from medtui.preset import preset_schema

    return "\n".join(_schema_sections(preset_schema(), heading="The top level"))


def card_page() -> str:
    """Return a section for each table of a card."""
    from medtui.datasets.card import Card

    return "\n".join(_schema_sections(Card.model_json_schema(), heading="The top level"))


def _schema_sections(schema: Schema, *, heading: str) -> Iterator[str]:
    definitions = schema.get("$defs", {})
    yield f"## {heading}\n"
    yield _paragraphs(schema.get("description"))
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
        yield _paragraphs(definition.get("description"))
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
        rows.append((_code(name), _cell(_type_of(value)), default, _cell(meaning)))
    return _table(("key", "type", "default", "meaning"), rows)


def _section_summary(value: Schema, definitions: Mapping[str, Schema]) -> str:
    models = _models_of(value)
    text: str = definitions[models[0]].get("description", "") if models else ""
    return text.split("\n\n", maxsplit=1)[0]


def _default_of(value: Schema) -> str:
    """Return a key's default as TOML writes it; nothing where a section follows."""
    if "default" not in value or isinstance(value["default"], dict):
        return ""
    return "none" if value["default"] is None else _code(json.dumps(value["default"]))


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


def events_page() -> str:
    """Return a section for each kind of event in `events.jsonl`."""
    from medtui import events

    sections = _struct_sections(events)
    return "\n".join(text for name, text in sections.items() if name != "Event")


def result_page() -> str:
    """Return a section for each struct of `result.json`, the outermost first."""
    from medtui.runs import result

    sections = _struct_sections(result)
    return "\n".join([sections.pop("Result"), *reversed(sections.values())])


def telemetry_page() -> str:
    """Return a section for each struct of a line of `telemetry.jsonl`."""
    from medtui.telemetry import gpu_sample, sample

    sections = {**_struct_sections(sample), **_struct_sections(gpu_sample)}
    return "\n".join(sections[name] for name in ("Sample", "GpuSample"))


def files_page() -> str:
    """Return the tables of files in a study's and in a run's folder."""
    from medtui.runs.folder import RunFolder, StudyFolder

    parts = []
    for title, folder in (("A study", StudyFolder(Path())), ("A run", RunFolder(Path()))):
        rows = [
            (_code(str(value)), _cell(inspect.getdoc(getattr(type(folder), name))))
            for name, value in _paths_of(folder)
        ]
        parts += [f"## {title}\n", _table(("file", "content"), rows)]
    return "\n".join(parts)


def _paths_of(folder: object) -> Iterator[tuple[str, Path]]:
    """Yield the properties of a folder that are paths, in the order in which they are defined."""
    for name, member in vars(type(folder)).items():
        if isinstance(member, property) and isinstance(value := getattr(folder, name), Path):
            yield name, value


def _struct_sections(module: Any) -> dict[str, str]:  # noqa: ANN401 - a module
    """Return a section for each class of a module, by the class's name."""
    sections = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            rows = [
                (_code(name), _code(kind), _cell(text)) for name, kind, text in _fields_of(node)
            ]
            table = _table(("field", "type", "meaning"), rows) if rows else "No fields.\n"
            summary = _paragraphs(ast.get_docstring(node))
            sections[node.name] = f"## `{node.name}`\n\n{summary}\n{table}"
    return sections


def _fields_of(node: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and meaning of each field; the meaning is the string below the field."""
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(statement, ast.AnnAssign):
            continue
        meaning = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            meaning = inspect.cleandoc(str(following.value.value))
        yield ast.unparse(statement.target), ast.unparse(statement.annotation), meaning


def _paragraphs(text: str | None) -> str:
    return f"{textwrap.dedent(text or '').strip()}\n"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "cli": cli_page,
    "preset": preset_page,
    "card": card_page,
    "events": events_page,
    "files": files_page,
    "result": result_page,
    "telemetry": telemetry_page,
}
"""Page's name to what makes it."""

if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
