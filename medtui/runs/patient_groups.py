"""Reads the subgroups of images from a run's `split.jsonl`."""

from pathlib import Path

import msgspec

from medtui.runs.json_record import DECODE_ERRORS


class _Line(msgspec.Struct):
    name: str
    part: str
    subgroups: dict[str, str] = {}


_decoder = msgspec.json.Decoder(_Line)


def read_subgroups(path: Path, split: str) -> dict[str, dict[str, str]]:
    """Return the subgroups of a split's images: image to subgroup (`sex`) to value (`F`).

    Empty where the card of the data set names no subgroups, or the file cannot be read.
    """
    try:
        lines = [_decoder.decode(line) for line in path.read_bytes().splitlines()]
    except (OSError, *DECODE_ERRORS):
        return {}
    return {line.name: line.subgroups for line in lines if line.part == split and line.subgroups}
