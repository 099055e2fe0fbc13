"""Turns what pydantic found into sentences, and finds what it does not reach in one validation.

pydantic runs the checks across several keys only where every key is valid by itself. Here keys with
an error are set aside and the rest is validated again, so that a person reads all problems at once.
"""

import copy
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from medtui.preset.document import FAULTS, UNSHOWN, Document, Fault, overlaps
from medtui.preset.problems import Problem, Source, dotted, shortened
from medtui.preset.toml_lines import Location
from medtui.suggest import did_you_mean

_MAX_PASSES = 8
"""Validations of one document at most; each sets aside what the one before found."""


@dataclass(frozen=True)
class _Finding:
    location: Location
    """Keys of the file that lead to it."""
    details: ErrorDetails
    fault: Fault | None = None
    """What a check across several keys found, its keys counted from the file's root table."""


def explain(
    model: type[Document], table: Mapping[str, Any], error: ValidationError, source: Source
) -> list[Problem]:
    """Return all problems of a table that failed its validation with `error`, in file order."""
    found = [_problem(model, each, source) for each in _find_all(model, table, error)]
    return sorted(found, key=lambda each: each.line or 0)


def _find_all(
    model: type[Document], table: Mapping[str, Any], error: ValidationError
) -> list[_Finding]:
    found: list[_Finding] = []
    aside: list[Location] = []
    rest = copy.deepcopy(dict(table))
    for _ in range(_MAX_PASSES):
        new = list(_findings(error, rest))
        found += [each for each in new if _is_news(each, aside)]
        before = copy.deepcopy(rest)
        for each in new:
            aside += [each.location, *_set_aside(model, rest, each)]
        if rest == before:
            break
        try:
            model.model_validate(rest)
        except ValidationError as next_error:
            error = next_error
        else:
            break
    return found


def _is_news(finding: _Finding, aside: list[Location]) -> bool:
    """Return whether a finding is more than a consequence of what was set aside."""
    if not aside:
        return True
    read = finding.fault.reads if finding.fault else ()
    if not read:
        return False
    return not any(overlaps(key, at) for key in (*read, finding.location) for at in aside)


def _findings(error: ValidationError, table: Mapping[str, Any]) -> Iterator[_Finding]:
    for details in error.errors():
        location = _in_file(details, table)
        if details["type"] == FAULTS:
            for each in details["ctx"]["faults"]:
                reads = tuple(location + key for key in each.reads)
                absolute = Fault(location + each.key, each.sentence, reads)
                yield _Finding(absolute.key, details, absolute)
        elif not _is_consequence(details):
            yield _Finding(location, details)


def _is_consequence(details: ErrorDetails) -> bool:
    """Return whether an array is called short only because its elements have errors."""
    if details["type"] != "too_short" or not isinstance(details["input"], list | tuple):
        return False
    return len(details["input"]) >= int(details["ctx"]["min_length"])


def _in_file(details: ErrorDetails, table: Mapping[str, Any]) -> Location:
    """Return an error's location in the file: without the names of the union's branches tried."""
    location: Location = ()
    value: Any = table
    for part in details["loc"]:
        if (isinstance(value, Mapping) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        ):
            location += (part,)
            value = value[part]  # type: ignore[index] # a list by number, a table by name
    if details["type"] in {"missing", "union_tag_invalid", "union_tag_not_found"}:
        return (*location, _last_key(details))
    return location


def _last_key(details: ErrorDetails) -> str:
    if details["type"] == "missing":
        return str(details["loc"][-1])
    return str(details["ctx"]["discriminator"]).strip("'")


def _set_aside(
    model: type[Document], table: dict[str, Any], finding: _Finding
) -> Iterator[Location]:
    """Remove the keys behind a finding from `table`, so that defaults apply, and yield them.

    Where a key cannot go, as in an array, what encloses it does. A required key takes the example
    that its model has, so that the rest can still be checked.
    """
    if finding.fault is not None:
        yield from (key for key in finding.fault.reads if _replace(model, table, key))
        return
    for length in range(len(finding.location), 0, -1):
        if _replace(model, table, finding.location[:length]):
            yield finding.location[:length]
            return


def _replace(model: type[Document], table: dict[str, Any], location: Location) -> bool:
    """Replace a key by its default or example; return whether that changed anything."""
    holder, key = _value_at(table, location[:-1]), location[-1]
    if not isinstance(holder, dict):
        return False
    field = _field_at(model, location)
    if field is None or not field.is_required():
        removed = holder.pop(key, None)
        return removed is not None
    if not field.examples or holder.get(str(key)) == field.examples[0]:
        return False
    holder[str(key)] = copy.deepcopy(field.examples[0])
    return True


def _value_at(table: Any, location: Location) -> Any:  # noqa: ANN401 - TOML's values
    for part in location:
        is_there = part in table if isinstance(table, dict) else isinstance(table, list)
        if not is_there:
            return None
        table = table[part]
    return table


def _problem(model: type[Document], finding: _Finding, source: Source) -> Problem:
    location, details = finding.location, finding.details
    key = dotted(location)
    if finding.fault is not None:
        problem = source.problem_at(location, f"`{key}`: {finding.fault.sentence}")
        options = source.options_of(list(finding.fault.reads))
        if options and not problem.option:
            problem = source.problem_at(location, f"{problem.sentence} ({', '.join(options)})")
        return problem
    if details["type"] == UNSHOWN:
        return source.problem_at(location, f"`{key}`: {details['msg']}", is_shown=False)
    return source.problem_at(location, _sentence(model, details, location))


def _sentence(model: type[Document], details: ErrorDetails, location: Location) -> str:
    key = dotted(location)
    match details["type"]:
        case "extra_forbidden":
            return _unknown_key(model, details, location)
        case "missing" | "union_tag_not_found":
            return f"`{key}` is missing"
        case "union_tag_invalid":
            known = re.findall(r"'([^']*)'", details["ctx"]["expected_tags"])
            return _not_one_of(key, details["ctx"]["tag"], known)
        case "literal_error":
            known = re.findall(r"'([^']*)'", details["ctx"]["expected"])
            if known and isinstance(details["input"], str):
                return _not_one_of(key, details["input"], known)
        case "value_error":
            reason = str(details["ctx"]["error"])
            return f"`{key}`: {reason}" if key else reason
        case "finite_number":
            return f"`{key}` = {_shown(details['input'])} is not a finite number"
        case _:
            pass
    reason = re.sub(r"^\w+ should ", "must ", details["msg"]).replace(" after validation", "")
    reason = reason.replace("a valid tuple", "a list").replace("a valid dictionary", "a table")
    return f"`{key}` = {_shown(details['input'])} {reason[:1].lower()}{reason[1:]}"


def _unknown_key(model: type[Document], details: ErrorDetails, location: Location) -> str:
    table, name = location[:-1], str(location[-1])
    former = model.former_names.keys_within(table)
    where = f" in [{dotted(table)}]" if table else ""
    if name in former:
        return f"`{name}`{where} is the former name of `{former[name]}`, which is given too"
    models = _models_at(model, details["loc"][:-1])
    known = list(dict.fromkeys(key for each in models for key in _fields_of(each)))
    help_ = did_you_mean(name, known, former=former)
    return f"unknown key `{name}`{where}. {help_}".rstrip()


def _not_one_of(key: str, value: str, known: list[str]) -> str:
    choices = ", ".join(repr(each) for each in known[:-1])
    listed = f"{choices} or {known[-1]!r}" if choices else repr(known[-1])
    help_ = did_you_mean(value, known, otherwise="")
    return f"`{key}` = {_shown(value)} must be {listed}. {help_}".rstrip(" .")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return shortened(repr(value))


def _field_at(model: type[BaseModel], location: Location) -> FieldInfo | None:
    """Return the field of a location; None for a table's free keys, elements and unknown keys."""
    for each in _models_at(model, location[:-1]):
        if location[-1] in _fields_of(each):
            return _fields_of(each)[str(location[-1])]
    return None


def _models_at(model: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    """Return the models that the table at a location may have; a union's branch chooses one."""
    models = [model]
    for part in location:
        if fields := [_fields_of(each)[part] for each in models if part in _fields_of(each)]:
            models = [inner for field in fields for inner in _models_within(field.annotation)]
        elif chosen := [each for each in models if each.__name__ == part]:
            models = chosen
    return models


def _fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _models_within(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - a type annotation may be anything
    """Return the models inside `list[Model]`, `Model | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_within(inner)]
