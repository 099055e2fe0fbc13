"""Creates the folders of a study's runs, each with the preset that repeats it."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from medtui.preset import (
    Cell,
    Preset,
    dump_preset,
    expand_grid,
    preset_for,
    preset_for_reference,
    scratch_cells,
)
from medtui.runs.atomic_file import publish_bytes, publish_many
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.former_result import retire_result
from medtui.runs.leftovers import delete_leftover, leftovers_of

MANY = 100
"""Presets from which on they are synced together: other programs' data are synced with them."""

AT_ONCE = 2000
"""Presets that are written and synced together."""


def plan_runs(study: StudyFolder, preset: Preset) -> list[RunFolder]:
    """Create the missing run folders of references and grid; return all, the references first.

    A network from scratch comes last.
    """
    seeds = (None, *preset.reference.seeds[1:])
    references = [(study.reference_of(s), partial(preset_for_reference, preset, s)) for s in seeds]
    cells = [*expand_grid(preset), *scratch_cells(preset)]
    planned = [(study.run(cell.slug), partial(preset_for, preset, cell)) for cell in cells]
    return _plan_all([*references, *planned])


def plan_run(study: StudyFolder, preset: Preset, cell: Cell) -> RunFolder:
    """Create the folder and preset of a cell's run if they are missing; return the folder."""
    return _plan_all([(study.run(cell.slug), partial(preset_for, preset, cell))])[0]


def _plan_all(planned: Sequence[tuple[RunFolder, Callable[[], Preset]]]) -> list[RunFolder]:
    """Create the folders and presets that are missing; `planned` has a run and its preset."""
    missing = [(run, narrow) for run, narrow in planned if not run.preset.is_file()]
    for start in range(0, len(missing), AT_ONCE):
        some = missing[start : start + AT_ONCE]
        for run, _ in some:
            run.path.mkdir(exist_ok=True)
        texts = {run.preset: dump_preset(narrow()).encode() for run, narrow in some}
        if len(texts) >= MANY:
            publish_many(texts)
        else:
            for path, text in texts.items():
                publish_bytes(path, text)
    return [run for run, _ in planned]


def retire_lost_references(study: StudyFolder, preset: Preset, runs: list[RunFolder]) -> None:
    """Let finished references be trained again whose models are missing and still needed."""
    needed = {run.reference for run in runs if not (run.is_reference or is_finished(run))}
    if preset.search is not None:
        needed.add(study.reference)
    for reference in (run for run in runs if run.is_reference):
        if reference in needed and is_finished(reference) and not os.path.lexists(reference.model):
            why = f"{reference.model} is missing: the reference is trained again"
            print(why, file=sys.stderr)  # noqa: T201 - goes to supervisor.log
            retire_result(reference)


def sweep(study: StudyFolder) -> None:
    """Delete what interrupted writers left in a study that this process owns, where it can."""
    for leftover in leftovers_of(study, is_own=True):
        with suppress(OSError):
            delete_leftover(leftover)
