"""Reads TOML into a pydantic model and explains every problem by file, line and remedy.

Presets, cards and the configuration file are such documents; their modules import this one.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import tomli
from pydantic import ValidationError

from medtui.preset.document import UNSHOWN, Document, Fault, all_differ, check, fault
from medtui.preset.integers import MAX_INTEGER, long_integers
from medtui.preset.problems import DocumentError, Problem, Source, dotted, shortened
from medtui.preset.toml_lines import Location
from medtui.storage import UnreadableFile, read_bytes

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_INTEGER",
    "UNSHOWN",
    "Document",
    "DocumentError",
    "Fault",
    "Location",
    "Problem",
    "Source",
    "all_differ",
    "check",
    "decode_text",
    "fault",
    "parse_table",
    "read_content",
    "read_text",
    "validate",
]

MAX_BYTES = 64 * 1024
"""A longer file is no preset; dotted keys make TOML's parsing quadratic."""

MAX_DEPTH = 8
"""Deeper nesting than any document here has; Python's parser recurses once per level."""

_too_deep = re.compile(rf"[\[{{]{{{MAX_DEPTH + 2},}}")

ModelT = TypeVar("ModelT", bound=Document)


def read_text(path: Path) -> str:
    """Read a TOML file's text.

    Raises:
        DocumentError: the file is missing, unreadable, too large or not UTF-8.
    """
    return decode_text(path, read_content(path))


def read_content(path: Path) -> bytes:
    """Read a TOML file as it is.

    Raises:
        DocumentError: the file is missing, unreadable or too large.
    """
    try:
        return read_bytes(path, MAX_BYTES)
    except UnreadableFile as error:
        raise DocumentError(str(path), [Problem(f"{error.reason}. Check the path.")]) from error


def decode_text(path: Path, raw: bytes) -> str:
    """Return the text of a TOML file, which may begin with a byte order mark.

    Raises:
        DocumentError: it is not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = Problem("this is not UTF-8 text; save the file as UTF-8", line=line)
        raise DocumentError(str(path), [problem]) from error


def parse_table(text: str, origin: str) -> dict[str, Any]:
    """Parse TOML text into nested dictionaries.

    Raises:
        DocumentError: the text is not TOML, or nested deeper than `MAX_DEPTH`.
    """
    too_deep = DocumentError(origin, [Problem(f"tables nest deeper than {MAX_DEPTH} levels")])
    if _too_deep.search(text.replace(" ", "")):
        raise too_deep
    try:
        table = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise DocumentError(origin, _syntax_problems(error, Source(origin, text))) from error
    except (RecursionError, ValueError) as error:
        raise DocumentError(origin, [Problem(f"not usable TOML: {error}")]) from error
    if _nests_deeper(table, MAX_DEPTH):
        raise too_deep
    return table


def validate(model: type[ModelT], table: dict[str, Any], source: Source) -> ModelT:
    """Build `model` from parsed TOML, or report every problem where it is in `source`.

    Former names of the model's keys and values are replaced within `table`.

    Raises:
        DocumentError: the table does not fit the model.
    """
    moved = model.former_names.apply(table)
    written = replace(source, moved={**source.moved, **moved})
    if too_long := [_too_long(at, written) for at in long_integers(table)]:
        raise DocumentError(source.origin, too_long)
    try:
        return model.model_validate(table)
    except ValidationError as error:
        # A module of its own: a valid document pays nothing for explanations.
        from medtui.preset.explain import explain

        raise DocumentError(source.origin, explain(model, table, error, written)) from error


def _too_long(location: Location, source: Source) -> Problem:
    problem = source.problem_at(location, f"`{dotted(location)}` has more than 64 bits")
    return replace(problem, source=shortened(problem.source))


def _syntax_problems(error: tomli.TOMLDecodeError, source: Source) -> list[Problem]:
    """Return why a text is not TOML: every key that is given twice, else what the parser found."""
    repeated = [
        Problem(
            f"not valid TOML: `{dotted(each.location)}` is given twice, "
            f"first on line {each.first_line}",
            each.location,
            each.line,
            source.line_text(each.line),
        )
        for each in source.key_lines.repeated
    ]
    if repeated:
        return repeated
    where = re.search(r"\(at line (\d+), column \d+\)", str(error))
    line = int(where.group(1)) if where else len(source.text.split("\n"))
    sentence = re.sub(r" \(at .*\)$", "", str(error))
    return [Problem(f"not valid TOML: {sentence}", line=line, source=source.line_text(line))]


def _nests_deeper(table: Mapping[str, Any], limit: int) -> bool:
    level: list[Any] = [table]
    for _ in range(limit + 1):
        inner: list[Any] = []
        for each in level:
            inner += each.values() if isinstance(each, Mapping) else each
        level = [each for each in inner if isinstance(each, Mapping | list)]
    return bool(level)
