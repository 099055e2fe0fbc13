"""Finds class names that look like spellings of one class."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from medtui.datasets.findings import error
from medtui.protocol.finding import Finding

_BLANKS = re.compile(r"[\s_-]+")
_FLOAT = re.compile(r"(\d+)\.0+\Z")


def spelling_key(name: str) -> str:
    """Return what spellings of one class have in common: `Lung Opacity` and `lung_opacity`."""
    key = _BLANKS.sub(" ", name).strip().casefold()
    return _FLOAT.sub(r"\1", key)


def spelling_findings(
    names: Iterable[str], counts: Mapping[str, int] | None = None
) -> list[Finding]:
    """Return an error where names differ by case, blanks or `.0` alone; `counts` are shown."""
    spellings = defaultdict[str, list[str]](list)
    for name in names:
        spellings[spelling_key(name)].append(name)
    groups = [sorted(set(group)) for group in spellings.values() if len(set(group)) > 1]
    if not groups:
        return []
    shown = "; ".join(
        " = ".join(f"`{name}`{_count(name, counts)}" for name in group) for group in sorted(groups)
    )
    first = max(groups)
    example = ", ".join(f'"{name}" = "{first[-1]}"' for name in first[:-1])
    sentence = (
        f"classes that differ by case, blanks or `.0` alone: {shown}; rename them, or unite them "
        f"by a section [aliases] in the card: {example}"
    )
    return [error("class-spelling", sentence)]


def _count(name: str, counts: Mapping[str, int] | None) -> str:
    return f" ({counts[name]:,})" if counts else ""


def prefix_findings(splits_of: dict[str, set[int]]) -> list[Finding]:
    """Return an error where a class of some splits begins with the name of a class of others.

    `splits_of` has the splits of each class. Published sets name train folders with a stage
    (`adenocarcinoma_left.lower.lobe_T2`) and test folders without.
    """
    pairs = [
        (short, long)
        for short, held in splits_of.items()
        for long, others in splits_of.items()
        if spelling_key(long).startswith(f"{spelling_key(short)} ")
        or spelling_key(long).startswith(f"{spelling_key(short)}.")
        if held.isdisjoint(others)
    ]
    if not pairs:
        return []
    lines = ", ".join(f'"{long}" = "{short}"' for short, long in sorted(pairs))
    sentence = (
        "classes of one split begin with the name of a class of another split; if they are the "
        f"same, unite them by a section [aliases] in the card: {lines}"
    )
    return [error("class-spelling", sentence)]
