"""Fine-tuning that follows from the density, where the preset gives no number of epochs."""

import pytest

from medtui.preset import (
    Preset,
    dump_preset,
    expand_grid,
    finetune_epochs,
    parse_preset,
    preset_for,
)

SPARSE = 'schemes = ["Prune", "Quantize16"]\ndensities = [0.5, 0.1, 0.05]\n'


def preset_of(compress: str = SPARSE, schema: int = 2, more: str = "") -> Preset:
    """Return a preset with a section [compress]."""
    text = f'schema = {schema}\nname = "t"\ndata.card = "demo"\n[compress]\n{compress}{more}'
    return parse_preset(text, "t")


def epochs_of(preset: Preset) -> dict[str, int]:
    """Return each run's epochs of fine-tuning."""
    return {cell.slug: finetune_epochs(preset, cell) for cell in expand_grid(preset)}


def test_low_densities_are_fine_tuned() -> None:
    """The control trains as long as the longest compression."""
    expected = {"control": 1, "prune-0.5": 0, "prune-0.1": 0, "prune-0.05": 1, "quantize16": 0}
    assert epochs_of(preset_of()) == expected
    assert epochs_of(preset_of("densities = [0.5]\n")) == {"control": 0, "prune-0.5": 0}


@pytest.mark.parametrize(
    ("schema", "compress", "more"),
    [(1, "", ""), (2, 'guard = "off"\n', ""), (2, "", "[guard]\nfinetune_epochs = 0\n")],
)
def test_no_run_is_fine_tuned(schema: int, compress: str, more: str) -> None:
    """In schema 1, without the guard, and where the preset says so."""
    assert set(epochs_of(preset_of(SPARSE + compress, schema, more)).values()) == {0}


def test_a_run_has_its_number_in_its_own_preset() -> None:
    """So a run keeps its fine-tuning, whatever the rule of another version is."""
    preset = preset_of()
    for cell in expand_grid(preset):
        own = parse_preset(dump_preset(preset_for(preset, cell)), "t")
        assert own.guard.finetune_epochs == finetune_epochs(preset, cell)


def test_operators_with_a_density_of_their_own_count() -> None:
    """A custom scheme is as sparse as its sparsest operator."""
    custom = """schemes = ["Mixed"]
densities = []
[[compress.custom]]
name = "Mixed"
operators = [{ op = "FilterPrune", density = 0.5 }, { op = "Prune", density = 0.02 }]
"""
    assert epochs_of(preset_of(custom)) == {"control": 1, "mixed": 1}
