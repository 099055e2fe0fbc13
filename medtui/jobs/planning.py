"""Creates the folders of a study's runs, each with the preset that repeats it."""

import os
import sys
from contextlib import suppress

from medtui.preset import (
    Cell,
    Preset,
    dump_preset,
    expand_grid,
    preset_for,
    preset_for_reference,
    scratch_cells,
)
from medtui.runs.atomic_file import publish_text
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.former_result import retire_result
from medtui.runs.leftovers import delete_leftover, leftovers_of


def plan_runs(study: StudyFolder, preset: Preset) -> list[RunFolder]:
    """Create the missing run folders of references and grid; return all, the references first.

    A network from scratch comes last.
    """
    seeds = (None, *preset.reference.seeds[1:])
    references = [
        _plan(study.reference_of(seed), preset_for_reference(preset, seed)) for seed in seeds
    ]
    cells = [*expand_grid(preset), *scratch_cells(preset)]
    return [*references, *(plan_run(study, preset, cell) for cell in cells)]


def plan_run(study: StudyFolder, preset: Preset, cell: Cell) -> RunFolder:
    """Create the folder and preset of a cell's run if they are missing; return the folder."""
    return _plan(study.run(cell.slug), preset_for(preset, cell))


def _plan(run: RunFolder, narrowed: Preset) -> RunFolder:
    run.path.mkdir(exist_ok=True)
    if not run.preset.is_file():
        publish_text(run.preset, dump_preset(narrowed))
    return run


def retire_lost_references(study: StudyFolder, preset: Preset, runs: list[RunFolder]) -> None:
    """Let finished references be trained again whose models are missing and still needed."""
    for reference in (run for run in runs if run.is_reference):
        is_searched = preset.search is not None and reference == study.reference
        is_needed = is_searched or any(
            run.reference == reference and not is_finished(run)
            for run in runs
            if not run.is_reference
        )
        if is_needed and is_finished(reference) and not os.path.lexists(reference.model):
            why = f"{reference.model} is missing: the reference is trained again"
            print(why, file=sys.stderr)  # noqa: T201 - goes to supervisor.log
            retire_result(reference)


def sweep(study: StudyFolder) -> None:
    """Delete what interrupted writers left in a study that this process owns, where it can."""
    for leftover in leftovers_of(study, is_own=True):
        with suppress(OSError):
            delete_leftover(leftover)
