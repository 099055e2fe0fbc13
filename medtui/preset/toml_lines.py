"""Finds the line of every key in TOML text. Only `preset.problems` and `preset.toml` import it.

Neither tomli nor tomlkit keeps positions. Counting the lines that tomlkit renders is no way around:
it joins the tables of an array (`[[compress.custom]]`) that stand apart in the file, so what it
renders has other lines than the file. This scanner splits the text into tokens and follows the
grammar just far enough to know which key a token belongs to. It never raises: in text that is no
TOML it stops where it can no longer follow.
"""

import re
from contextlib import suppress
from dataclasses import dataclass

import tomli

Location = tuple[str | int, ...]
"""The keys and array positions that lead to a value."""

MAX_KEYS = 16
"""Longer locations are not followed, so that hostile nesting costs neither time nor stack."""

_TOKEN = re.compile(
    r"""
    (?P<skipped>[ \t\r]+|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<mark>[][{}=,.])
    |(?P<bare>[^\s\[\]{}=,.\#"']+)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Repeated:
    """A key or a table that is given twice, which TOML forbids."""

    location: Location
    first_line: int
    line: int
    """Where it is given again."""


@dataclass(frozen=True)
class KeyLines:
    """Where the keys of a text stand; lines are counted from 1."""

    lines: dict[Location, int]
    """Line of every key, table and array element."""
    repeated: list[Repeated]

    def nearest(self, location: Location) -> int | None:
        """Return a key's line; where the text lacks the key, that of its nearest enclosing one."""
        for length in range(len(location), 0, -1):
            if location[:length] in self.lines:
                return self.lines[location[:length]]
        return None


def find_key_lines(text: str) -> KeyLines:
    """Return the line of every key in TOML text."""
    scanner = _Scanner(text)
    with suppress(_CannotFollow):
        scanner.scan()
    return KeyLines(scanner.lines, scanner.repeated)


class _CannotFollow(Exception):
    """The text is no TOML from here on, or nests too deeply."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Location, int] = {}
        self.repeated: list[Repeated] = []
        self._tokens = _split(text)
        self._place = 0
        self._given: set[Location] = set()
        self._num_tables: dict[Location, int] = {}

    def scan(self) -> None:
        table: Location = ()
        while self._skip_newlines() is not None:
            if self._accept("["):
                table = self._header()
            else:
                self._assignment(table)

    def _header(self) -> Location:
        """Record `[a.b]` or `[[a.b]]`, whose first bracket is read, and return its location."""
        is_array = self._accept("[")
        keys, line = self._keys()
        for _ in range(1 + is_array):
            self._expect("]")
        path: Location = ()
        for position, key in enumerate(keys, start=1):
            path += (key,)
            self.lines.setdefault(path, line)
            if path in self._num_tables and not (is_array and position == len(keys)):
                path += (self._num_tables[path] - 1,)
        if is_array:
            number = self._num_tables.get(path, 0)
            self._num_tables[path] = number + 1
            path += (number,)
        self._give(path, line)
        return path

    def _assignment(self, table: Location) -> None:
        keys, line = self._keys()
        self._expect("=")
        for length in range(1, len(keys)):
            self.lines.setdefault((*table, *keys[:length]), line)
        path = (*table, *keys)
        self._give(path, line)
        self._value(path)

    def _value(self, path: Location) -> None:
        if len(path) > MAX_KEYS:
            raise _CannotFollow
        if self._accept("["):
            self._elements(path)
        elif self._accept("{"):
            self._entries(path)
        else:
            while (token := self._peek()) is not None and not _ends_value(token):
                self._place += 1

    def _elements(self, path: Location) -> None:
        number = 0
        while (token := self._skip_newlines()) is not None and not self._accept("]"):
            self._give((*path, number), token.line)
            self._value((*path, number))
            number += 1
            self._separator("]")

    def _entries(self, path: Location) -> None:
        while self._skip_newlines() is not None and not self._accept("}"):
            self._assignment(path)
            self._separator("}")

    def _separator(self, closer: str) -> None:
        token = self._skip_newlines()
        if token is None or (token.text != closer and not self._accept(",")):
            raise _CannotFollow

    def _keys(self) -> tuple[list[str], int]:
        """Read a key, dotted or not, and return its parts and line."""
        keys: list[str] = []
        token = self._peek()
        while token is not None and token.kind in {"text", "bare"} and len(keys) < MAX_KEYS:
            keys.append(_unquoted(token))
            self._place += 1
            if not self._accept("."):
                return keys, token.line
            token = self._peek()
        raise _CannotFollow

    def _give(self, location: Location, line: int) -> None:
        if location in self._given:
            self.repeated.append(Repeated(location, self.lines[location], line))
            return
        self._given.add(location)
        self.lines[location] = line

    def _peek(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _skip_newlines(self) -> _Token | None:
        while (token := self._peek()) is not None and token.kind == "newline":
            self._place += 1
        return token

    def _accept(self, mark: str) -> bool:
        token = self._peek()
        is_there = token is not None and token.kind == "mark" and token.text == mark
        self._place += is_there
        return is_there

    def _expect(self, mark: str) -> None:
        if not self._accept(mark):
            raise _CannotFollow


def _split(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup is not None and match.lastgroup != "skipped":
            tokens.append(_Token(match.lastgroup, match.group(), line))
        line += match.group().count("\n")
    return tokens


def _ends_value(token: _Token) -> bool:
    return token.kind == "newline" or (token.kind == "mark" and token.text in ",]}")


def _unquoted(token: _Token) -> str:
    if token.kind == "bare":
        return token.text
    try:
        (key,) = tomli.loads(f"{token.text} = 0")
    except ValueError as error:
        raise _CannotFollow from error
    return str(key)
