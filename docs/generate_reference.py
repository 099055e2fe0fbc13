"""Generates the parts of the reference that are stated in code, as Markdown.

`conf.py` calls `write_pages` on every build, so these pages cannot be out of date. The pages under
`docs/reference/` include what is generated here. Run it alone to look at the result:

    python docs/generate_reference.py docs/reference/generated
"""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer.main
from markdown_tables import cell, code, paragraphs, table
from schema_reference import schema_sections

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
    yield paragraphs(command.help)
    options = [param for param in command.params if param.opts[0].startswith("-")]
    arguments = [param for param in command.params if param not in options]
    if arguments:
        rows = [(_argument_name(param), cell(param.help)) for param in arguments]
        yield table(("argument", "meaning"), rows)
    rows = [
        (_option_names(param), cell(f"{param.help} {_default_note(param)}"))
        for param in options
        if not HIDDEN_OPTIONS & set(param.opts) and not param.hidden
    ]
    if rows:
        yield table(("option", "meaning"), rows)
    for child, subcommand in getattr(command, "commands", {}).items():
        yield from _command_sections(subcommand, f"{name} {child}")


def _argument_name(param: Any) -> str:  # noqa: ANN401 - Typer's parameter
    name = param.metavar or str(param.name).upper()
    return code(name if param.required else f"[{name}]")


def _option_names(param: Any) -> str:  # noqa: ANN401 - Typer's parameter
    value = "" if param.is_flag else f" {param.metavar or str(param.name).upper()}"
    names = [*sorted(param.opts, key=len, reverse=True), *param.secondary_opts]
    return ", ".join(code(name + (value if name == names[0] else "")) for name in names)


def _default_note(param: Any) -> str:  # noqa: ANN401 - Typer's parameter
    is_told = param.default in {None, False, True, ""} or "[default" in (param.help or "")
    return "" if is_told else f"[default: {param.default}]"


def preset_page() -> str:
    """Return a section for each table of a preset."""
    from medtui.preset import preset_schema

    return "\n".join(schema_sections(preset_schema()))


def card_page() -> str:
    """Return a section for each table of a card."""
    from medtui.datasets.card import Card

    return "\n".join(schema_sections(Card.model_json_schema()))


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


def metrics_page() -> str:
    """Return the table of metrics; a metric's meaning is the docstring of what computes it."""
    from medtui.metrics.registry import all_metrics

    rows = [
        (
            code(metric.name),
            cell((inspect.getdoc(metric.compute) or "").removeprefix("Return ")),
            " and ".join(metric.tasks),
            "yes" if metric.has_interval else "",
            "yes" if metric.resample else "",
            "yes" if metric.is_per_class else "",
            "yes" if metric.is_of_positive else "",
            "yes" if metric.is_searchable else "",
        )
        for metric in all_metrics()
    ]
    header = (
        "name",
        "value",
        "tasks",
        "interval",
        "paired change",
        "per class",
        "positive class",
        "search",
    )
    return table(header, rows)


def model_page() -> str:
    """Return a section for each struct of `model.json`, and of results on other data sets."""
    from medtui.runs import external_record, model_record

    model, external = _struct_sections(model_record), _struct_sections(external_record)
    names = ("ModelRecord", "Preprocessing", "DataSource")
    shown = [*(model[name] for name in names), external["ExternalResult"]]
    return "\n".join([*shown, external["TrainingOverlap"]])


def telemetry_page() -> str:
    """Return a section for each struct of a line of `telemetry.jsonl`."""
    from medtui.protocol.gpus import GpuProcess
    from medtui.telemetry.sample import Sample

    (gpu_sample,) = get_args(get_type_hints(Sample)["gpus"])
    return "\n".join(
        _struct_sections(sys.modules[struct.__module__])[struct.__name__]
        for struct in (Sample, gpu_sample, GpuProcess)
    )


def files_page() -> str:
    """Return the tables of files in a study's and in a run's folder."""
    from medtui.runs.folder import RunFolder, StudyFolder

    parts = []
    for title, folder in (("A study", StudyFolder(Path())), ("A run", RunFolder(Path()))):
        rows = [
            (code(str(value)), cell(inspect.getdoc(getattr(type(folder), name))))
            for name, value in _paths_of(folder)
        ]
        parts += [f"## {title}\n", table(("file", "content"), rows)]
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
            rows = [(code(name), code(kind), cell(text)) for name, kind, text in _fields_of(node)]
            fields = table(("field", "type", "meaning"), rows) if rows else "No fields.\n"
            summary = paragraphs(ast.get_docstring(node))
            sections[node.name] = f"## `{node.name}`\n\n{summary}\n{fields}"
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


PAGES: dict[str, Callable[[], str]] = {
    "cli": cli_page,
    "preset": preset_page,
    "card": card_page,
    "events": events_page,
    "files": files_page,
    "result": result_page,
    "model": model_page,
    "telemetry": telemetry_page,
    "metrics": metrics_page,
}
"""Page's name to what makes it."""

if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
