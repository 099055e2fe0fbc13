"""What a form calls a preset's keys: names, words to choose from, meanings; also in messages."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal, get_args, get_origin

from medtui.tui.editor.document import field_of, sections


def label_of(key: str) -> str:
    """Return the name of a key's field."""
    return key.replace("_", " ")


def with_labels(text: str, section: str) -> str:
    """Return a message whose keys are named as their fields are: `size` in place of `data.size`.

    Fields of other tables than `section` are named with their table: `steps of [lc]`.
    """

    def named(found: re.Match[str]) -> str:
        table, name, index = found["table"], found["name"], found["index"]
        if name not in sections()[table].model_fields:
            return found[0]
        number = f" (value {int(index) + 1})" if index else ""
        return f"{label_of(name)}{number}{'' if table == section else f' of [{table}]'}"

    return _dotted_key().sub(named, text)


@cache
def _dotted_key() -> re.Pattern[str]:
    """Return what matches `data.size`, and with an index `compress.densities[2]`, also quoted."""
    tables = "|".join(map(re.escape, sorted(sections(), key=len, reverse=True)))
    return re.compile(
        rf"(?P<quote>`?)\b(?<![./-])(?P<table>{tables})\.(?P<name>[a-z_]+)\b"
        r"(?:\[(?P<index>\d+)\])?(?P=quote)"
    )


def heading_of(section: str) -> str:
    """Return a table's name, as in the file, and what it is about."""
    described = (sections()[section].__doc__ or "").partition(".")[0].replace("`", "")
    return f"[{section}]  {described}"


def choices_of(section: str, name: str) -> tuple[str, ...]:
    """Return the words that a key may have; empty where it takes anything.

    The empty word, where there is one, removes the key.
    """
    field = field_of(section, name)
    inner = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    kinds = [field.annotation, *(inner if len(inner) == 1 else ())]  # `Literal[...] | None`
    words: tuple[str, ...] = ("true", "false") if bool in kinds else ()
    for kind in kinds:
        if get_origin(kind) is Literal:
            words = tuple(map(str, get_args(kind)))
    is_optional = field.default is None or "." in section
    return ("", *words) if words and is_optional else words


def meaning_of(section: str, name: str, choices: Sequence[str]) -> str:
    """Return a key's meaning in one line, its words first."""
    described = " ".join((field_of(section, name).description or "").split())
    described = re.sub(r"\bNone\b", "empty", described).replace("`", "")
    few = " · ".join(filter(None, choices)) if len(choices) <= 6 else ""  # noqa: PLR2004 - more do not fit on a line
    return f"{few}: {described}" if few else described
