"""Searches a finished pack for what identifies someone: every byte of every file in it.

Names and patients in predictions, splits and lists must be pseudonyms, which also covers names that
are too short to be searched. Everything else is searched for the names themselves.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import tomli

from medtui.errors import MedtuiError
from medtui.runs.npz_arrays import unpack_arrays
from medtui.sharing.identifiers import is_pseudonym
from medtui.sharing.words import Words

_MAX_SHOWN = 5
_HEADER_BYTES = 8
_NAME_COLUMNS = ("name", "patient")


class NamesRemain(MedtuiError):
    """A name of the source is in what would be shared."""

    def __init__(self, remains: list["Remain"]) -> None:
        shown = "; ".join(map(str, remains[:_MAX_SHOWN]))
        more = f"; and {len(remains) - _MAX_SHOWN} more" if len(remains) > _MAX_SHOWN else ""
        super().__init__(
            f"Names of the source are left, so nothing was written: {shown}{more}.",
            hint="This should not happen; please report it. A pack without --pseudonymise has all "
            "names.",
        )


@dataclass(frozen=True)
class Remain:
    """A name in a file."""

    file: str
    word: str

    def __str__(self) -> str:
        """Return where it is."""
        return f"{self.word!r} in {self.file}"


def sweep_pack(path: Path, words: Words) -> None:
    """Search every file of a pack.

    Raises:
        NamesRemain: a name of the source is left.
    """
    remains = list[Remain]()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            found = remains_in(name, archive.read(name), words)
            remains += [Remain(name, word) for word in dict.fromkeys(found)]
            remains += [Remain("the name of a file", word) for word in words.in_strings(
                name.encode())]  # fmt: skip
    if remains:
        raise NamesRemain(remains)


def remains_in(name: str, content: bytes, words: Words) -> Iterator[str]:
    """Yield the names that are left in one file."""
    yield from words.in_binary(content)
    match Path(name).suffix:
        case ".npz":
            yield from _in_arrays(content, words)
        case ".safetensors":
            length = int.from_bytes(content[:_HEADER_BYTES], "little")
            yield from words.in_text(content[_HEADER_BYTES : _HEADER_BYTES + length])
        case suffix:
            yield from words.in_text(content)
            texts = list(_texts_of(suffix, Path(name).name, content))
            yield from words.in_strings("\n".join(texts).encode("utf-8", "surrogateescape"))
            yield from _strangers(Path(name).name, content)


def _in_arrays(content: bytes, words: Words) -> Iterator[str]:
    for key, array in unpack_arrays(content).items():
        if array.dtype.kind != "U":
            yield from words.in_binary(array.tobytes())
            continue
        texts: list[str] = array.ravel().tolist()
        yield from words.in_strings("\n".join(texts).encode("utf-8", "surrogateescape"))
        if key.endswith(("names", "patients")):
            yield from (text for text in texts if text and not is_pseudonym(text))


def _texts_of(suffix: str, name: str, content: bytes) -> Iterator[str]:
    """Yield the texts of a file, among which no number is a measurement."""
    match suffix:
        case ".json":
            yield from _strings(json.loads(content))
        case ".jsonl":
            for line in content.splitlines():
                yield from _strings(msgspec.json.decode(line))
        case ".toml":
            yield from _strings(tomli.loads(content.decode()))
        case ".csv":
            for row in csv.reader(io.StringIO(content.decode())):
                yield from row
        case _:
            raise ValueError(f"{name} is no kind of file that is shared under pseudonyms")


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield key
                yield from _strings(inner)
        case list():
            for inner in value:
                yield from _strings(inner)


def _strangers(name: str, content: bytes) -> Iterator[str]:
    """Yield images and patients of a list that are no pseudonyms."""
    if name == "split.jsonl":
        rows = [msgspec.json.decode(line) for line in content.splitlines()]
    elif name == "changed.csv":
        rows = list(csv.DictReader(io.StringIO(content.decode())))
    else:
        return
    for row in rows:
        yield from (row[key] for key in _NAME_COLUMNS if row[key] and not is_pseudonym(row[key]))
