"""Counts of a split: images and patients of each part, by subgroup."""

from collections.abc import Iterable
from typing import Any

from medtui.runs.patient_groups import SplitLine

UNKNOWN = "not stated"
"""Stands for an image without a value of a subgroup that others have."""


def split_counts(lines: Iterable[SplitLine]) -> dict[str, Any]:
    """Return `{part: {"images", "patients", "groups": {kind: {value: {"images", ...}}}}}`.

    Patients are counted where the split names them.
    """
    by_part: dict[str, list[SplitLine]] = {}
    for line in lines:
        by_part.setdefault(line.part, []).append(line)
    kinds = sorted({kind for part in by_part.values() for line in part for kind in line.subgroups})
    return {
        part: {**_count(members), "groups": {kind: _by_value(members, kind) for kind in kinds}}
        for part, members in by_part.items()
    }


def _by_value(lines: list[SplitLine], kind: str) -> dict[str, dict[str, int]]:
    found: dict[str, list[SplitLine]] = {}
    for line in lines:
        found.setdefault(line.subgroups.get(kind) or UNKNOWN, []).append(line)
    return {value: _count(members) for value, members in sorted(found.items())}


def _count(lines: list[SplitLine]) -> dict[str, int]:
    patients = {line.patient for line in lines}
    is_known = any(line.patient not in {"", line.name} for line in lines)
    return {"images": len(lines), **({"patients": len(patients)} if is_known else {})}
