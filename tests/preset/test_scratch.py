"""The run of a preset that trains a narrow network from scratch."""

import pytest

from medtui.preset import (
    cell_named,
    count_runs,
    describe_compressions,
    expand_grid,
    parse_preset,
    preset_for,
    scratch_cells,
)
from medtui.preset.toml import DocumentError

PRESET = """
schema = 2
name = "small"
[data]
card = "demo"
[reference]
seeds = [3]
[compress]
schemes = ["Prune"]
densities = [0.1]
seeds = [0, 1]
control = false
"""


def test_it_is_one_run_beside_the_grid_with_the_seed_of_the_reference():
    """It is no cell of the grid, and has no seed of the compressions."""
    preset = parse_preset(f"{PRESET}scratch = true\n", "test")
    (cell,) = scratch_cells(preset)
    assert (cell.slug, cell.seed) == ("scratch", 3)
    assert cell_named(preset, "scratch") == cell
    assert cell not in expand_grid(preset)
    assert count_runs(preset) == 4
    assert describe_compressions(preset) == "2 compressions and a network from scratch"


def test_it_is_off_unless_a_preset_asks_for_it():
    """Presets that do not name it have the runs that they have always had."""
    preset = parse_preset(PRESET, "test")
    assert not scratch_cells(preset)
    assert cell_named(preset, "scratch") is None
    assert count_runs(preset) == 3


def test_its_own_preset_keeps_the_grid_and_those_of_others_leave_it_out():
    """Its size follows from the compressions; a compression repeats alone."""
    preset = parse_preset(f"{PRESET}scratch = true\n", "test")
    assert preset_for(preset, scratch_cells(preset)[0]) == preset
    assert count_runs(preset_for(preset, expand_grid(preset)[0])) == 2


def test_a_scheme_called_scratch_needs_a_study_without_it():
    """The name of a run is taken by one of them."""
    custom = '[[compress.custom]]\nname = "Scratch"\noperators = [{ op = "Prune" }]\n'
    text = PRESET.replace('"Prune"', '"Scratch"')
    names = [cell.slug for cell in expand_grid(parse_preset(f"{text}{custom}", "test"))]
    assert names == ["scratch-0.1", "scratch-0.1-s1"]
    with pytest.raises(DocumentError, match="name of the network from scratch"):
        parse_preset(f"{text}scratch = true\n{custom}", "test")
