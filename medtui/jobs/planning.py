"""Creates the folders of a study's runs, each with the preset that repeats it."""

from medtui.preset import (
    Cell,
    Preset,
    dump_preset,
    expand_grid,
    preset_for,
    preset_for_reference,
)
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import RunFolder, StudyFolder


def plan_runs(study: StudyFolder, preset: Preset) -> list[RunFolder]:
    """Create the missing run folders of references and grid; return all, the references first."""
    seeds = (None, *preset.reference.seeds[1:])
    references = [
        _plan(study.reference_of(seed), preset_for_reference(preset, seed)) for seed in seeds
    ]
    return [*references, *(plan_run(study, preset, cell) for cell in expand_grid(preset))]


def plan_run(study: StudyFolder, preset: Preset, cell: Cell) -> RunFolder:
    """Create the folder and preset of a cell's run if they are missing; return the folder."""
    return _plan(study.run(cell.slug), preset_for(preset, cell))


def _plan(run: RunFolder, narrowed: Preset) -> RunFolder:
    run.path.mkdir(exist_ok=True)
    if not run.preset.is_file():
        publish_text(run.preset, dump_preset(narrowed))
    return run
