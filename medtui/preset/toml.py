"""Reads TOML into a pydantic model and explains every problem by file, line and cure.

Presets and cards are both such documents. `preset` and `datasets` come in here.
"""

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import tomli
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from medtui.errors import UsageError

MAX_BYTES = 64 * 1024
"""A longer file is no preset; dotted keys make TOML's parsing quadratic."""

MAX_DEPTH = 8
"""Deeper nesting than any document here has; Python's parser recurses once per level."""

UNSHOWN = "unshown"
"""Type of a validation error whose source line may hold a secret, and is not shown."""

_FAULT = "fault"
"""Type of a validation error that was found by looking at several keys and is told at one."""

_too_deep = re.compile(rf"[\[{{]{{{MAX_DEPTH + 2},}}")

Location = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound="Document")


class Document(BaseModel):
    """A table of a TOML file: unknown keys and wrong types are errors, values do not change."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def fault(key: str, sentence: str) -> PydanticCustomError:
    """Give what a validator of a whole table raises about one key in it: `scheme`, `search.low`."""
    return PydanticCustomError(_FAULT, "{sentence}", {"key": key, "sentence": sentence})


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a document."""

    sentence: str
    """What is wrong, and the cure where there is one."""
    location: Location = ()
    """The keys that lead to it."""
    line: int | None = None
    """Its line in the file, counted from 1; None where the file has no such line."""
    source: str = ""
    """That line's text."""

    @property
    def key(self) -> str:
        """The dotted key, as a person would write it: `lc.steps`, `compress.densities[2]`."""
        text = ""
        for part in self.location:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text


class DocumentError(UsageError):
    """A TOML file that cannot be used, with all of its problems."""

    def __init__(self, origin: str, problems: list[Problem], *, exit_code: int = 2) -> None:
        self.exit_code = exit_code
        self.origin = origin
        """The file's path, or a word for where the text came from."""
        self.problems = problems
        """At least one."""
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        yield f"{self.origin} cannot be used:"
        for problem in self.problems:
            place = self.origin if problem.line is None else f"{self.origin}:{problem.line}"
            yield f"  {place}: {problem.sentence}"
            if problem.source.strip():
                yield f"    {problem.line:>4} | {problem.source.rstrip()}"
        count = len(self.problems)
        yield f"{count} problem{'s' if count > 1 else ''}. Nothing was started."


def read_text(path: Path) -> str:
    """Read a TOML file's text.

    Raises:
        DocumentError: the file is missing, unreadable, too large or not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DocumentError(str(path), [Problem(f"{reason}. Check the path.")]) from error
    if len(raw) > MAX_BYTES:
        sentence = (
            f"{len(raw):,} bytes is too long for a TOML document here ({MAX_BYTES:,} at most)"
        )
        raise DocumentError(str(path), [Problem(sentence)])
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
    if _too_deep.search(text.replace(" ", "")):
        raise DocumentError(origin, [Problem(f"tables nest deeper than {MAX_DEPTH} levels")])
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(where.group(1)) if where else len(text.splitlines())
        sentence = re.sub(r" \(at .*\)$", "", str(error))
        problem = Problem(f"not valid TOML: {sentence}", line=line, source=_source(text, line))
        raise DocumentError(origin, [problem]) from error
    except (RecursionError, ValueError) as error:
        raise DocumentError(origin, [Problem(f"not usable TOML: {error}")]) from error


def validate(model: type[ModelT], table: Mapping[str, Any], *, text: str, origin: str) -> ModelT:
    """Build `model` from parsed TOML, or report every problem with its line in `text`.

    Raises:
        DocumentError: the table does not fit the model.
    """
    try:
        return model.model_validate(table)
    except ValidationError as error:
        problems = [_explain(model, details, text) for details in error.errors()]
        raise DocumentError(origin, sorted(problems, key=lambda each: each.line or 0)) from error


def locate(text: str, location: Location) -> int | None:
    """Find the line of a key in TOML text; of its nearest enclosing table if it has none itself."""
    lines_of = _key_lines(text)
    keys = tuple(part for part in location if isinstance(part, str))
    for length in range(len(keys), 0, -1):
        if keys[:length] in lines_of:
            return lines_of[keys[:length]]
    return None


def problem_at(text: str, location: Location, sentence: str) -> Problem:
    """Give a problem with the line of `text` that `location` leads to."""
    line = locate(text, location)
    return Problem(sentence, location, line, _source(text, line))


def _key_lines(text: str) -> dict[tuple[str, ...], int]:
    table: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[{1,2}\s*([^\]#]+?)\s*\]", line):
            table = _dotted(header.group(1))
            found.setdefault(table, number)
        elif assignment := re.match(r"\s*([\w.\-\"' ]+?)\s*=", line):
            found.setdefault(table + _dotted(assignment.group(1)), number)
            for inline in re.finditer(r"[{,]\s*([\w-]+)\s*=", line[assignment.end() - 1 :]):
                found.setdefault((*table, *_dotted(assignment.group(1)), inline.group(1)), number)
    return found


def _dotted(key: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in key.split("."))


def _source(text: str, line: int | None) -> str:
    lines = text.splitlines()
    return lines[line - 1] if line is not None and 0 < line <= len(lines) else ""


def _explain(model: type[BaseModel], details: ErrorDetails, text: str) -> Problem:
    location = _in_file(details["loc"])
    if details["type"] == _FAULT:
        location += tuple(details["ctx"]["key"].split("."))
    bare = Problem("", location=location)
    if details["type"] == _FAULT:
        return problem_at(text, location, f"`{bare.key}`: {details['msg']}")
    if details["type"] == UNSHOWN:
        return Problem(f"`{bare.key}`: {details['msg']}", location, locate(text, location))
    return problem_at(text, location, _sentence(model, details, bare.key))


def _in_file(loc: Location) -> Location:
    """Drop the union branches pydantic puts into a location: they are no keys of the file."""
    return tuple(part for part in loc if isinstance(part, int) or re.fullmatch(r"[\w-]+", part))


def _sentence(model: type[BaseModel], details: ErrorDetails, key: str) -> str:
    match details["type"]:
        case "extra_forbidden":
            table, _, name = key.rpartition(".")
            where = f" in [{table}]" if table else ""
            return f"unknown key `{name}`{where}.{_did_you_mean(model, details['loc'])}"
        case "missing":
            return f"`{key}` is missing"
        case "value_error":
            reason = str(details["ctx"]["error"])
            return f"`{key}`: {reason}" if key else reason
        case "finite_number":
            return f"`{key}` = {_shown(details['input'])} is not a finite number"
        case _:
            reason = details["msg"].replace("Input should be", "must be")
            return f"`{key}` = {_shown(details['input'])} {reason[:1].lower()}{reason[1:]}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - keeps a problem on one line


def _did_you_mean(model: type[BaseModel], loc: Location) -> str:
    current: Any = model
    for part in loc[:-1]:
        if isinstance(part, str) and part in getattr(current, "model_fields", {}):
            current = _model_within(current.model_fields[part].annotation)
    known = list(getattr(current, "model_fields", {}))
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    if close:
        return f" Did you mean `{close[0]}`?"
    return f" Known keys: {', '.join(known)}." if known else ""


def _model_within(annotation: Any) -> Any:  # noqa: ANN401 - a type annotation may be anything
    """Give the model inside `list[Model]`, `Model | None` and the like."""
    for inner in (annotation, *get_args(annotation)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return annotation
