"""A scheme's own guard: a stock scheme beside its guarded twin in one study."""

import pytest

from medtui.engine.cell_forecast import UntrainedNetwork, forecast_cell
from medtui.engine.training.network import build_network
from medtui.preset import cell_named, expand_grid, finetune_epochs, parse_preset, preset_for
from medtui.preset.toml import DocumentError

TEXT = """
schema = 2
name = "twins"
[data]
card = "demo"
[model]
architecture = "resnet18"
[compress]
schemes = ["FilterPrune", "Stock"]
densities = [0.05]
control = false
[[compress.custom]]
name = "Stock"
guard = "off"
operators = [{ op = "FilterPrune" }]
"""


def test_a_scheme_without_guard_is_run_as_stock_condensa_beside_the_others():
    """The run's own preset says so, and it is not fine-tuned."""
    preset = parse_preset(TEXT, "test")
    guarded, stock = expand_grid(preset)
    assert [preset_for(preset, each).compress.guard for each in (guarded, stock)] == ["on", "off"]
    assert [finetune_epochs(preset, each) for each in (guarded, stock)] == [1, 0]
    repeated = preset_for(preset_for(preset, stock), stock)
    assert (repeated.compress.guard, cell_named(repeated, stock.slug)) == ("off", stock)


def test_the_forecast_of_a_stock_scheme_has_its_collapsed_layers():
    """Before anything is trained, the check shows which layers stock Condensa empties."""
    preset = parse_preset(TEXT, "test")
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    untrained = UntrainedNetwork.of(network, (3, 32, 32))
    guarded, stock = (forecast_cell(preset, cell, untrained) for cell in expand_grid(preset))
    assert not guarded.layers_emptied
    assert stock.layers_emptied


def test_groups_need_the_guard_also_in_a_scheme_of_its_own():
    """The message is at the scheme's name."""
    text = TEXT.replace('"FilterPrune" }', '"FilterPrune", group = true }')
    with pytest.raises(DocumentError, match="Stock groups channels"):
        parse_preset(text, "test")
