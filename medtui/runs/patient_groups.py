"""Reads the subgroups of images from a run's `split.jsonl`."""

from pathlib import Path

import msgspec

from medtui.runs.json_record import DECODE_ERRORS
from medtui.storage import DamagedFile, FileDigest, read_bytes, require_content

MAX_BYTES = 1024**3
"""More than a file of some million images has."""


class SplitLine(msgspec.Struct):
    """One image of a `split.jsonl`."""

    name: str
    part: str
    """Its split."""
    patient: str = ""
    """Its patient; its own name where unknown."""
    subgroups: dict[str, str] = {}


_decoder = msgspec.json.Decoder(SplitLine)


def read_subgroups(
    path: Path, split: str, digest: FileDigest | None = None
) -> dict[str, dict[str, str]]:
    """Return the subgroups of a split's images: image to subgroup (`sex`) to value (`F`).

    Empty where the card of the data set names no subgroups. With `digest`, check that the file is
    what was written.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    lines = read_split(path, digest)
    return {line.name: line.subgroups for line in lines if line.part == split and line.subgroups}


def read_split(path: Path, digest: FileDigest | None = None) -> list[SplitLine]:
    """Return all images of a `split.jsonl`.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    content = read_bytes(path, MAX_BYTES)
    require_content(path, content, digest)
    try:
        return [_decoder.decode(line) for line in content.splitlines()]
    except DECODE_ERRORS as error:
        raise DamagedFile(path, str(error)) from error
