"""Finds thousands of words in any content at once: what must not be in a shared file.

Each word is known by its first four bytes. A table of 4 million bits says of each place of the
content whether a word may begin there, four offsets in one pass of numpy each, so that half a
gigabyte of weights takes seconds; the few places that are left are compared with the words
themselves.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MIN_LETTERS = 4
"""Shorter words are found by chance in any text, and are not searched."""

MIN_DIGITS = 5
"""Shortest number that is searched, in texts alone: files of results are full of numbers."""

MIN_BINARY = 8
"""Shortest word that is searched in weights: shorter ones are there by chance."""

_PREFIX = 4
_BITS = 22
_FACTOR = np.uint32(2654435761)
"""Knuth's multiplier: neighbouring prefixes fall far apart in the table."""

_KINDS = (b"image-", b"patient-")
"""What pseudonyms begin with."""

_CHUNK_BYTES = 16 * 1024**2

_WORD = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") | {
    *range(0x80, 0x100)
}
"""Bytes beside which a word goes on, and is another one; letters beyond ASCII have none below."""

_DIGITS = frozenset(b"0123456789")

Kind = Literal["word", "number", "any"]


@dataclass(frozen=True)
class Found:
    """A word in some content."""

    start: int
    end: int
    word: bytes


class Needles:
    """A set of words of at least four bytes."""

    def __init__(self, words: Iterable[bytes], kind: Kind = "word") -> None:
        """`kind` says what is no place of a word.

        `word`: within a longer word. `number`: also within a decimal fraction. `any`: nothing.
        """
        self._words = {word for word in words if len(word) >= _PREFIX}
        self._kind = kind
        self._lengths = dict[bytes, list[int]]()
        for word in self._words:
            lengths = self._lengths.setdefault(word[:_PREFIX], [])
            if len(word) not in lengths:
                lengths.append(len(word))
        for lengths in self._lengths.values():
            lengths.sort(reverse=True)

    def __bool__(self) -> bool:
        """Return whether there is anything to look for."""
        return bool(self._words)

    def find(self, content: bytes) -> Iterator[Found]:
        """Yield the words in `content` in order, the longest at each place, without overlaps."""
        if not self._words:
            return
        end = 0
        for first in range(0, len(content), _CHUNK_BYTES):
            for start in self._candidates(content[first : first + _CHUNK_BYTES + _PREFIX - 1]):
                at = first + start
                if at < end:
                    continue
                found = self._at(content, at)
                if found is not None:
                    end = found.end
                    yield found

    def _at(self, content: bytes, start: int) -> Found | None:
        if self._goes_on(content[max(0, start - 2) : start][::-1]):
            return None
        for length in self._lengths.get(content[start : start + _PREFIX], ()):
            end = start + length
            if content[start:end] in self._words and not self._goes_on(content[end : end + 2]):
                return Found(start, end, content[start:end])
        return None

    def _goes_on(self, beside: bytes) -> bool:
        """Return whether a word is a part of a longer one, by the two bytes beside it."""
        if not beside or self._kind == "any":
            return False
        is_fraction = beside[:1] == b"." and len(beside) > 1 and beside[1] in _DIGITS
        return beside[0] in _WORD or (self._kind == "number" and is_fraction)

    def _candidates(self, content: bytes) -> list[int]:
        """Return where a word may begin, ascending."""
        places = list[NDArray[np.int64]]()
        for offset in range(_PREFIX):
            count = (len(content) - offset) // _PREFIX
            if count <= 0:
                continue
            values = np.frombuffer(content, "<u4", count, offset)
            rows = np.flatnonzero(self._table[_slots(values)])
            rows = rows[np.isin(values[rows], self._prefixes)]
            places.append(rows * _PREFIX + offset)
        found: list[int] = np.sort(np.concatenate(places)).tolist() if places else []
        return found

    @cached_property
    def _prefixes(self) -> NDArray[np.uint32]:
        return np.sort(np.frombuffer(b"".join(self._lengths), "<u4"))

    @cached_property
    def _table(self) -> NDArray[np.bool_]:
        table = np.zeros(1 << _BITS, np.bool_)
        table[_slots(self._prefixes)] = True
        return table


def _slots(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    slots: NDArray[np.uint32] = (values * _FACTOR) >> np.uint32(32 - _BITS)
    return slots


class Words:
    """What a shared study must not hold, with what stands for it there."""

    def __init__(self, replacements: Mapping[str, str]) -> None:
        """`replacements` maps each word to its pseudonym; those too short to search are left."""
        self.replacements = replacements
        self._pseudonyms = frozenset(map(str.encode, replacements.values()))
        numbers = {word for word in replacements if _is_number(word)}
        self._numbers = Needles(
            (word.encode() for word in numbers if len(word) >= MIN_DIGITS), "number"
        )
        words = [word for word in replacements if word not in numbers]
        self._words = Needles(_forms(words))
        long = [word for word in words if len(word.encode()) >= MIN_BINARY]
        self._binary = Needles(_forms(long), "any")

    def replace(self, text: str) -> str:
        """Return a text with every word replaced."""
        content = text.encode("utf-8", "surrogateescape")
        for needles in (self._words, self._numbers):
            parts, end = list[bytes](), 0
            for found in self._known(needles, content):
                parts += [content[end : found.start], self._new(found.word).encode()]
                end = found.end
            content = b"".join([*parts, content[end:]])
        return content.decode("utf-8", "surrogateescape")

    def in_text(self, content: bytes) -> Iterator[str]:
        """Yield words in the bytes of a text file; numbers are not searched there."""
        yield from (_shown(found) for found in self._known(self._words, content))

    def in_strings(self, content: bytes) -> Iterator[str]:
        """Yield words and numbers in texts: cells of a table, strings of a JSON file."""
        yield from self.in_text(content)
        yield from (_shown(found) for found in self._known(self._numbers, content))

    def in_binary(self, content: bytes) -> Iterator[str]:
        """Yield the longer words in any bytes, as UTF-8, UTF-16 or UTF-32."""
        yield from (_shown(found) for found in self._binary.find(content))
        if b"\0" in content:
            # Without its zeros, text in UTF-16 and UTF-32 is what it is in Latin-1.
            yield from (_shown(found) for found in self._binary.find(content.replace(b"\0", b"")))

    def _known(self, needles: Needles, content: bytes) -> Iterator[Found]:
        """Yield words that are not in a pseudonym: `000012` may be an image, or `image-000012`."""
        for found in needles.find(content):
            before = content[max(0, found.start - len(_KINDS[1])) : found.start]
            if not any(
                kind + found.word in self._pseudonyms for kind in _KINDS if before.endswith(kind)
            ):
                yield found

    def _new(self, word: bytes) -> str:
        return self.replacements.get(word.decode("utf-8", "replace"), "withheld")


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[\d.+-]+", word) is not None


def _forms(words: Iterable[str]) -> Iterator[bytes]:
    """Yield the ways in which words stand in files; those of ASCII words are the same."""
    for word in words:
        if len(word) < MIN_LETTERS:
            continue
        plain = word.encode("utf-8", "surrogatepass")
        yield plain
        if not word.isascii():
            for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
                yield word.encode(encoding, "surrogatepass").replace(b"\0", b"")
            yield word.encode("ascii", "backslashreplace")  # as JSON may spell it


def _shown(found: Found) -> str:
    return found.word.decode("utf-8", "backslashreplace")
