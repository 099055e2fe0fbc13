"""Which patients' images are whose: the subgroups that a run's `split.jsonl` tells."""

from pathlib import Path

import msgspec

from medtui.runs.json_record import DECODE_ERRORS


class _Line(msgspec.Struct):
    name: str
    part: str
    subgroups: dict[str, str] = {}


_decoder = msgspec.json.Decoder(_Line)


def read_subgroups(path: Path, split: str) -> dict[str, dict[str, str]]:
    """Return each image's subgroups in a part: image to subgroup (`sex`) to value (`F`).

    Empty where the data set's card names no subgroups, or the file cannot be read.
    """
    try:
        lines = [_decoder.decode(line) for line in path.read_bytes().splitlines()]
    except (OSError, *DECODE_ERRORS):
        return {}
    return {line.name: line.subgroups for line in lines if line.part == split and line.subgroups}
