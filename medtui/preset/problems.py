"""What is wrong with a TOML file, and where: in a line of it, or in an option given beside it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from medtui.errors import UsageError
from medtui.preset.toml_lines import KeyLines, Location, find_key_lines
from medtui.units import plural

_MAX_SHOWN = 1000
"""Longest sentence and line of a file that are shown: a value may be as long as a file."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")

TABLES = (
    "data", "model", "reference", "compute", "lc", "compress", "guard", "evaluate", "search",
    "machine", "slurm", "ray", "images", "labels", "split", "augment", "normalize", "dicom",
    "look", "keys", "whole", "groups", "classes", "answers",
)  # fmt: skip
"""Tables of presets, cards, plans and the settings file; `[lc]` in a text makes it one of these."""

_HEADER = re.compile(rf"^\s*\[{{1,2}}\s*(?:{'|'.join(TABLES)})\s*[.\]]", re.MULTILINE)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a document."""

    sentence: str
    """What is wrong, and the remedy where there is one."""
    location: Location = ()
    """The keys that lead to it."""
    line: int | None = None
    """Its line in the file, counted from 1; None where the file has no such line."""
    source: str = ""
    """That line's text."""
    option: str = ""
    """The command line's option that it is in, as typed; empty where it is in the file."""

    @property
    def key(self) -> str:
        """The dotted key, as a person would write it: `lc.steps`, `compress.densities[2]`."""
        return dotted(self.location)


def dotted(location: Location) -> str:
    """Return a location as a person would write it: `lc.steps`, `compress.densities[2]`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            text += f".{key}" if text else key
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
            yield f"  {problem.option or place}: {shortened(problem.sentence, _MAX_SHOWN)}"
            if problem.source.strip():
                yield f"    {problem.line:>4} | {shortened(problem.source.rstrip(), _MAX_SHOWN)}"
        yield f"{plural(len(self.problems), 'problem')}."


@dataclass(frozen=True)
class Source:
    """Where a document's values come from."""

    origin: str
    """The file's path, or a word for where the text came from."""
    text: str = ""
    """The file's text; empty where there is no file."""
    options: Mapping[Location, str] = field(default_factory=dict)
    """What options of the command line set, and these options as typed: `--set lc.lr=-1`."""
    moved: Mapping[Location, Location] = field(default_factory=dict)
    """Present locations of keys that stand in the file under a former name, and that name's."""

    @cached_property
    def key_lines(self) -> KeyLines:
        """Where the keys of the text stand."""
        return find_key_lines(self.text)

    def problem_at(self, location: Location, sentence: str, *, is_shown: bool = True) -> Problem:
        """Return a problem with the option, or the line of the text, that `location` leads to.

        `is_shown` is off for lines that may hold a secret.
        """
        if option := self._option_of(location):
            return Problem(sentence, location, option=shortened(option) if is_shown else "--set")
        line = self.key_lines.nearest(self._written(location))
        source = self.line_text(line) if is_shown else ""
        return Problem(sentence, location, line, source)

    def options_of(self, locations: list[Location]) -> list[str]:
        """Return the options that set any of these locations, as typed."""
        found = (self._option_of(location) for location in locations)
        return list(dict.fromkeys(shortened(option) for option in found if option))

    @cached_property
    def is_recognised(self) -> bool:
        """Whether the text has a table of the documents here.

        Lines of any other file are not shown: a preset of somebody else could name a file with
        passwords as its card.
        """
        return _HEADER.search(self.text) is not None

    def line_text(self, line: int | None) -> str:
        """Return the text of a line; empty where there is none, or where it is not to be shown."""
        if not self.is_recognised:
            return ""
        # Not `splitlines`: it also ends a line at characters that TOML allows within one.
        lines = self.text.split("\n")
        return lines[line - 1].rstrip("\r") if line is not None and 0 < line <= len(lines) else ""

    def _option_of(self, location: Location) -> str:
        """Return the option that set this location, or that alone made it or the table it is in."""
        for length in range(len(location), 0, -1):
            if location[:length] in self.options:
                return self.options[location[:length]]
        for table in filter(None, (location, location[:-1])):
            if self._written(table) in self.key_lines.lines:
                break
            for at, option in self.options.items():
                if at[: len(table)] == table:
                    return option
        return ""

    def _written(self, location: Location) -> Location:
        for length in range(len(location), 0, -1):
            if location[:length] in self.moved:
                return self.moved[location[:length]] + location[length:]
        return location


def shortened(text: str, limit: int = 60) -> str:
    """Return a text with its end left out where it is longer than `limit`."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
