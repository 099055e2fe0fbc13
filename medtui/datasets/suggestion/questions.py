"""Decides on labels, patients, split and level, or leaves the choice open."""

import re
from collections import Counter
from collections.abc import Sequence

from medtui.datasets.suggestion.columns import (
    GroupColumn,
    LabelColumns,
    chosen_labels,
    is_nested,
)
from medtui.datasets.suggestion.folders import Layout, Level
from medtui.datasets.suggestion.lists import OfficialLists
from medtui.datasets.suggestion.sources import Described
from medtui.datasets.suggestion.text import counted
from medtui.datasets.suggestion.words import is_plain_label_name
from medtui.errors import UsageError
from medtui.protocol.suggestion import NONE, Candidate, Choices, Question

PATTERN, FOLDERS = "pattern", "folders"
"""Values of a patient from the path, and of a split from the names of folders."""

PATIENT_PATTERNS = (
    r"(?i)patient[-_ ]?(\d+)",
    r"(?i)subject[-_ ]?(\d+)",
    r"(person\d+_|(?:NORMAL2-)?IM-\d+-)",
    r"(?:^|/)p(\d{5,})/",
)
"""Patterns that are tried; one is used only if it fits every path."""

_MOST_WEAK = 8
"""Columns that are offered though their names do not mean labels."""


def ask_label(chosen: Described, choices: Choices) -> tuple[Question, LabelColumns | None]:
    """Return which columns hold the labels; open where several may."""
    labels = chosen.columns.labels
    likely = sorted(
        (each for each in labels if each.is_likely),
        key=lambda each: each.form is not None and not is_plain_label_name(each.value),
    )
    weak = [each for each in labels if not each.is_likely][:_MOST_WEAK]
    candidates = [_label_candidate(each) for each in [*likely, *weak]]
    if choices.label:
        found: LabelColumns | None = chosen_labels(chosen.table, chosen.image, choices.label)
    elif len(likely) == 1 or (not likely and len(weak) == 1):
        found = (likely or weak)[0]
    else:
        found = None
    value = found.value if found else ""
    return Question("label", candidates, value, is_required=True), found


def _label_candidate(each: LabelColumns) -> Candidate:
    forms = {"joined": f"labels joined by {each.separator}", "list": "lists written as text"}
    kind = (
        f"{len(each.names)} columns of 0 and 1" if each.form is None else forms.get(each.form, "")
    )
    words = [kind, f"{len(each.counts)} values: {counted(each.counts)}"]
    if each.aliases:
        words.append(f"the same as {', '.join(each.aliases)}")
    if each.num_uncertain:
        words.append(f"{each.num_uncertain:,} cells of -1")
    counts = dict(each.counts.most_common())
    return Candidate(each.value, "; ".join(filter(None, words)), counts, each.is_likely)


def ask_patient(
    groups: Sequence[GroupColumn], paths: Sequence[str], choices: Choices
) -> tuple[Question, str]:
    """Return how patients are known, and the pattern where the path names them."""
    candidates = [
        Candidate(each.name, f"{each.num_groups:,} values in {len(each.groups):,} rows")
        for each in groups
    ]
    pattern, num_patients = _pattern(paths)
    if pattern:
        evidence = f"{num_patients:,} values of {pattern} in the paths"
        candidates.append(Candidate(PATTERN, evidence))
    if choices.patient:
        if choices.patient not in {NONE, *(each.value for each in candidates)}:
            raise UsageError(
                f"--patient {choices.patient}: no such column that groups images.",
                hint=f"Write one of: {', '.join([*(c.value for c in candidates), NONE])}.",
            )
        return Question("patient", candidates, choices.patient), pattern
    value, is_open = _coarsest(groups)
    if not groups:
        value = PATTERN if pattern else NONE
    return Question("patient", candidates, value, is_required=is_open), pattern


def _coarsest(groups: Sequence[GroupColumn]) -> tuple[str, bool]:
    """Return the column whose groups contain those of the others of the lowest rank."""
    if not groups:
        return "", False
    lowest = min(each.rank for each in groups)
    pool = [each for each in groups if each.rank == lowest]
    for coarse in pool:
        if all(is_nested(fine.groups, coarse.groups) for fine in pool):
            return coarse.name, False
    return "", True


def _pattern(paths: Sequence[str]) -> tuple[str, int]:
    """Return a pattern that fits every path and groups some of them, and its patients."""
    for pattern in PATIENT_PATTERNS:
        compiled = re.compile(pattern)
        found = [compiled.search(path) for path in paths]
        patients = {match.group() for match in found if match}
        if all(found) and 1 < len(patients) < len(paths):
            return pattern, len(patients)
    return "", 0


def ask_split(
    columns: dict[str, Counter[str]],
    parts: Counter[str],
    lists: Sequence[OfficialLists],
    choices: Choices,
) -> Question:
    """Return where the published split is; open where there are several."""
    candidates = [Candidate(name, counted(counts)) for name, counts in columns.items()]
    usable = [each.value for each in candidates if {"train", "test"} <= columns[each.value].keys()]
    if parts:
        candidates.append(Candidate(FOLDERS, f"folders of {counted(parts)}"))
        usable += [FOLDERS] if {"train", "test"} <= parts.keys() else []
    for each in lists:
        evidence = f"{' + '.join(each.files)}: {counted(each.counts)}"
        candidates.append(Candidate(each.test, evidence))
        usable.append(each.test)
    if choices.split:
        if choices.split not in {NONE, *usable}:
            raise UsageError(
                f"--split {choices.split}: no such split with train and test images.",
                hint=f"Write one of: {', '.join([*usable, NONE])}.",
            )
        return Question("split", candidates, choices.split)
    chosen = usable[0] if len(usable) == 1 else "" if usable else NONE
    return Question("split", candidates, chosen, is_required=len(usable) > 1)


def ask_level(layout: Layout, choices: Choices) -> tuple[Question, Level | None]:
    """Return which folders are the classes; open where several levels may be, or none."""
    candidates = [
        Candidate(level.value, _level_evidence(level), dict(level.counts), level.kind == "classes")
        for level in layout.levels
    ]
    if choices.level:
        found = next((each for each in layout.levels if choices.level in each.counts), None)
        if found is None:
            raise UsageError(
                f"--level {choices.level}: no folder of this name holds images.",
                hint=f"Levels: {'; '.join(counted(each.counts, 3) for each in layout.levels)}.",
            )
        return Question("level", candidates, found.value, is_required=True), found
    levels = layout.class_levels
    only = levels[0] if len(levels) == 1 else None
    return Question("level", candidates, only.value if only else "", is_required=True), only


def _level_evidence(level: Level) -> str:
    meanings = {
        "classes": "",
        "numbers": "; numbers may be classes or parts of an archive",
        "magnifications": "; named like magnifications",
        "identifiers": "; named like patients or studies",
        "containers": "; named like parts of an archive",
    }
    return f"{len(level.counts)} folders: {counted(level.counts)}{meanings[level.kind]}"
