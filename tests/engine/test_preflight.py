"""Preflight: forecasts on an untrained network, before a study is started."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from torch import nn
from torchvision.models.convnext import CNBlock

from medtui.engine.cell_forecast import InvalidCell, UntrainedNetwork, forecast_cell
from medtui.engine.preflight import forecast
from medtui.engine.training.network import build_network
from medtui.errors import UsageError
from medtui.preset import (
    ModelSettings,
    Preset,
    dump_preset,
    expand_grid,
    load_preset,
    omit_runs,
    parse_preset,
)
from medtui.protocol.preflight import CellForecast

PRESET = """
name = "tried"
[data]
card = "demo"
[compress]
schemes = ["Own"]
densities = [{density}]
guard = "{guard}"
[[compress.custom]]
name = "Own"
operators = [{operators}]
"""


def preset(operators: str, *, guard: str = "off", density: float = 0.5) -> Preset:
    """Return a preset of one cell."""
    text = PRESET.format(operators=operators, guard=guard, density=density)
    return parse_preset(text, "tried")


Trial = Callable[..., CellForecast]


def trial_on(network: nn.Module) -> Trial:
    """Return a function that forecasts one cell on a network."""
    untrained = UntrainedNetwork.of(network, (3, 32, 32))

    def forecast_one(operators: str, **more: Any) -> CellForecast:
        asked = preset(operators, **more)
        return forecast_cell(asked, expand_grid(asked)[0], untrained)

    return forecast_one


@pytest.fixture(scope="module")
def try_out() -> Trial:
    """Return a function that forecasts a cell on ResNet-18 with two classes."""
    return trial_on(build_network("resnet18", channels=3, num_classes=2, seed=0))


@pytest.fixture(scope="module")
def try_small() -> Trial:
    """Return a function that forecasts a cell on a small network."""
    return trial_on(build_network("shufflenet_v2_x0_5", channels=3, num_classes=2, seed=0))


def test_each_layer_has_weights_filters_and_macs(try_out):
    """Each layer has its kept parameters and multiply-accumulates; they add up to the network's."""
    cell = try_out('{op = "FilterPrune"}', guard="on")
    layers = cell.layers
    assert sum(layer.num_weights for layer in layers) == cell.num_weights == 11_167_936
    assert sum(layer.num_nonzero for layer in layers) == cell.num_weights_kept
    conv1 = layers[0]
    assert (conv1.name, conv1.num_structures_kept, conv1.num_structures) == (
        "conv1", 64, 64,
    )  # fmt: skip
    assert conv1.macs == 3 * 7 * 7 * 64 * 16 * 16
    assert 0.4 < cell.num_weights_kept / cell.num_weights < 0.6
    assert cell.layers_emptied == []


def test_a_forecast_counts_weights_that_no_pixel_reaches(try_out):
    """Stock pruning keeps half of them, too, so that half of the reachable ones are left."""
    cell = try_out('{op = "Prune"}', guard="off")
    assert cell.num_weights_unreachable == 11_167_936 - 4_221_120
    assert cell.num_weights_kept == pytest.approx(cell.num_weights / 2, rel=0.01)
    unreachable = sum(layer.num_unreachable for layer in cell.layers)
    assert unreachable == cell.num_weights_unreachable
    assert cell.density_reachable != pytest.approx(0.5, abs=0.01)


def test_layers_that_stock_pruning_empties_are_listed(try_out):
    """Layers that stock pruning empties are named before training."""
    cell = try_out('{op = "FilterPrune"}', guard="off")
    assert "conv1" in cell.layers_emptied
    assert len(cell.layers_emptied) >= 7


def test_the_demo_has_a_scheme_that_empties_a_layer_without_the_guard():
    """One filter in ten goes; without the guard all of the first layer's are among them."""
    demo = load_preset("demo")
    untrained = UntrainedNetwork.of(
        build_network("resnet18", channels=3, num_classes=2, seed=0), (3, 32, 32)
    )
    emptied = {
        cell.scheme.name: forecast_cell(demo, cell, untrained).layers_emptied
        for cell in expand_grid(demo)
        if cell.scheme.name.startswith("FilterPrune")
    }
    assert emptied == {"FilterPrune90": [], "FilterPrune90Stock": ["conv1"]}


@pytest.mark.parametrize(
    ("operators", "more", "words"),
    [
        ('{op = "StructPrune", align = 8}', {}, "its `align` is larger than a layer"),
        ('{op = "FilterPrune", align = 128}', {}, "its `align` is larger than a layer"),
        ('{op = "FilterPrune", align = 65}', {"guard": "on"}, "its `align` is larger than a layer"),
        ('{op = "NeuronPrune"}', {"density": 0.1}, "keeps none of 2 neurons; the smallest .* 0.5"),
        ('{op = "NeuronPrune"}', {"guard": "on"}, "would remove nothing: the guard keeps"),
        ('{op = "BlockPrune", block = [8, 8]}', {}, "its `block` does not divide every linear"),
        ('{op = "BlockPrune", block = [1, 5]}', {}, "its `block` does not divide every linear"),
        ('{op = "BlockPrune", block = [2, 512]}', {}, "keeps none of 1 blocks"),
        ('{op = "Prune"}', {"density": 1e-8}, "keeps none of 11,167,936 weights; .* 8.96e-08"),
        ('{op = "FilterPrune"}, {op = "Prune", density = 1e-8}', {}, "keeps none of 11,167,936"),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(try_out, operators, more, words):
    """Each of these would fail in the middle of a study; the error names the cause."""
    with pytest.raises(InvalidCell, match=words):
        try_out(operators, **more)


@pytest.mark.parametrize("guard", ["on", "off"])
@pytest.mark.parametrize("criteria", ["l2norm", "max", "min", "mean", "sum"])
@pytest.mark.parametrize("operator", ["FilterPrune", "StructPrune"])
def test_every_criterion_keeps_about_what_is_asked(try_small, operator, criteria, guard):
    """With every criterion, half of the filters are kept."""
    cell = try_small(f'{{op = "{operator}", criteria = "{criteria}"}}', guard=guard)
    kept = sum(layer.num_structures_kept for layer in cell.layers)
    total = sum(layer.num_structures for layer in cell.layers)
    assert kept / total == pytest.approx(0.5, abs=0.15)
    if guard == "on":
        assert cell.layers_emptied == []


def test_masked_removable_and_shrunk_are_distinguished(try_out):
    """The forecast has masked and removable filters of single and grouped pruning."""
    single, grouped = (
        try_out(f'{{op = "FilterPrune"{more}}}', guard="on").shrinkage
        for more in ("", ", group = true")
    )
    assert single.num_removable < 0.7 * single.num_masked
    assert grouped.num_removable == grouped.num_masked
    assert grouped.size.macs < 0.6 * single.size.macs


def test_groups_that_cannot_be_followed_are_refused(try_small):
    """Torch-Pruning cannot trace a channel shuffle; single filters need no groups."""
    with pytest.raises(UsageError, match="cannot trace the channels of ShuffleNetV2"):
        try_small('{op = "FilterPrune", group = true}', guard="on")
    assert try_small('{op = "FilterPrune"}', guard="on").shrinkage is None


STRUCTURES = ("FilterPrune", "StructPrune")


@pytest.mark.parametrize(
    ("first", "align", "bias", "last"),
    list(product(STRUCTURES, ("", ", align = 2"), ("true", "false"), ("float16", "Prune"))),
)
def test_combinations_work_with_the_guard(try_small, first, align, bias, last):
    """Alignment, biases and a second operator combine, and no layer is emptied."""
    second = '{op = "Prune", density = 0.9}' if last == "Prune" else '{op = "Quantize"}'
    cell = try_small(f'{{op = "{first}"{align}, prune_bias = {bias}}}, {second}', guard="on")
    for layer in cell.layers:
        assert layer.num_nonzero > 0, layer.name
        if align:
            assert layer.num_structures_kept % 2 == 0, layer.name


def mixed(*blocks: nn.Module) -> nn.Module:
    """Return a small network of these blocks of 16 channels; one initial weight is zero."""
    network = nn.Sequential(
        nn.Conv2d(3, 16, 4, stride=4), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(16, 2),
    )  # fmt: skip
    network[0].weight.data[0, 0, 0, 0] = 0
    return network


def test_groups_without_a_filter_are_refused_and_those_with_neurons_are_not():
    """ConvNeXt's channels pass LayerNorms; a zero among the initial weights is nothing removed."""
    try_block = trial_on(mixed(CNBlock(16, 1.0, 0.0)))
    with pytest.raises(InvalidCell, match=r"has no filters that can be removed, .* a LayerNorm.*"):
        try_block('{op = "FilterPrune", group = true}', guard="on")
    cell = try_block('{op = "StructPrune", group = true}', guard="on")
    assert cell.num_weights_kept < cell.num_weights - 1
    (note,) = cell.notes
    assert note.startswith("Density 0.5 applies to 57.1 % of the filters and neurons. The others")


def test_a_density_of_all_filters_needs_no_note():
    """The classes stay in any case."""
    plain = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
    cell = trial_on(mixed(plain))('{op = "FilterPrune", group = true}', guard="on")
    assert cell.notes == []


def test_protected_layers_are_those_the_patterns_name():
    """Shell patterns match dotted names; structured schemes do not prune these layers."""
    base = preset('{op = "FilterPrune"}', guard="on", density=0.1)
    guard = base.guard.model_copy(update={"protect": ("layer3.*",), "floor_channels": 2})
    (cell,) = forecast(base.model_copy(update={"guard": guard})).cells
    for layer in cell.layers:
        is_whole = layer.num_structures_kept == layer.num_structures
        assert is_whole == (layer.name.startswith("layer3") or layer.name == "fc")


IMPOSSIBLE = """
name = "tried"
data.card = "demo"
model.architecture = "shufflenet_v2_x0_5"
compress.schemes = ["Prune", "FilterPruneGroup"]
compress.densities = [1e-8, 0.5]
"""


def test_every_impossible_cell_is_listed_and_left_out_on_request():
    """One error names all of them; with the option the others remain."""
    asked = parse_preset(IMPOSSIBLE, "tried")
    with pytest.raises(InvalidCell, match="3 of 4 compressions cannot work") as caught:
        forecast(asked)
    names = ["prune-1e-8", "filterprunegroup-1e-8", "filterprunegroup-0.5"]
    assert [line.split(":")[0].strip() for line in caught.value.message.splitlines()[1:]] == names
    assert "--skip-impossible" in caught.value.hint

    found = forecast(asked, skips_impossible=True)
    assert [cell.slug for cell in found.cells] == ["prune-0.5"]
    assert [cell.slug for cell in found.impossible] == names
    assert all(cell.reason for cell in found.impossible)
    remaining = omit_runs(asked, names)
    assert [cell.slug for cell in expand_grid(remaining)] == ["prune-0.5"]
    assert parse_preset(dump_preset(remaining), "remaining") == remaining


def test_a_grid_of_impossible_cells_is_refused_in_any_case():
    """Nothing would be compressed."""
    asked = parse_preset(IMPOSSIBLE.replace("1e-8, 0.5", "1e-8"), "tried")
    with pytest.raises(InvalidCell, match="2 of 2 compressions cannot work"):
        forecast(asked, skips_impossible=True)


def test_a_network_that_cannot_take_the_size_of_the_images_is_named():
    """It is refused before anything is computed, as wrong usage, with its own reason."""
    small = preset('{ op = "Prune" }').model_copy(
        update={"model": ModelSettings(architecture="vit_b_16")}
    )
    with pytest.raises(UsageError) as caught:
        forecast(small)
    reason = "Wrong image height! Expected 224 but got 32."
    assert caught.value.message == f"vit_b_16 cannot take images of 32 x 32 pixels: {reason}"
    assert "data.size" in caught.value.hint
