"""The guard spends a density on weights that a pixel reaches."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.cell_forecast import UntrainedNetwork, forecast_cell
from medtui.engine.lc.compression import compress
from medtui.engine.pruning.density_check import check_density
from medtui.engine.pruning.filter_norms import criteria_named, mark_reached_taps, norms_of
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.pruning.reachable_weights import reachable_taps, zero_unreachable
from medtui.engine.pruning.schemes import build_scheme, operators_of, set_density
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.network import named_layers
from medtui.preset import Cell, GuardSettings, expand_grid, named_schemes, parse_preset
from tests.helpers.tiny_sessions import open_session, tiny_dataset, tiny_network, tiny_preset

IMAGE = (3, 32, 32)
REMOVING = GuardSettings(unreachable="prune")
REACHABLE, ALL = 4_221_120, 11_167_936
PRUNING = [
    "Prune", "PruneQuantize16", "PruneQuantize32", "FilterPrune", "StructPrune",
    "StructPruneQuantize16", "FilterPruneGroup", "StructPruneGroup", "StructPruneGroupQuantize16",
]  # fmt: skip


def project(network: nn.Module, scheme: str, density: float, guard: GuardSettings | None):
    """Return a compressed copy and its scheme, which has passed its density check."""
    theta = deepcopy(network)
    built = build_scheme(named_schemes()[scheme], density, guard, IMAGE)
    built.pi(theta)
    check_density(theta, Cell(named_schemes()[scheme], density, seed=0), built)
    return theta, built


@pytest.mark.parametrize("scheme", PRUNING)
def test_no_scheme_keeps_a_weight_that_no_pixel_reaches(network, scheme):
    """All that is kept is reached."""
    theta, _ = project(network, scheme, 0.3, REMOVING)
    size = measure_size(theta, channels=3, side=32)
    kept = size.num_compressible_nonzero
    assert kept == pytest.approx(size.density_reachable * REACHABLE)
    assert 0 < kept < REACHABLE


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", "keep"), ("schema = 1\n", "keep"), ("schema = 2\n", "prune")],
)
def test_presets_of_schema_1_keep_them(line, expected):
    """A resolved preset of an earlier run repeats it."""
    preset = parse_preset(f'{line}name = "t"\ndata.card = "demo"\n', "t")
    assert preset.guard.unreachable == expected


@pytest.mark.parametrize("density", [0.1, 0.3])
def test_a_density_keeps_as_many_weights_as_stock_and_all_are_reached(network, density):
    """Stock Condensa keeps the same number, most of which multiply padding."""
    found = {}
    for unreachable in ("prune", "keep"):
        guard = GuardSettings(unreachable=unreachable)
        theta, _ = project(network, "Prune", density, guard)
        found[unreachable] = measure_size(theta, channels=3, side=32)
    kept = int(density * ALL)
    assert found["prune"].num_compressible_nonzero == pytest.approx(kept, abs=3)
    assert found["keep"].num_compressible_nonzero == pytest.approx(kept, abs=3)
    assert found["prune"].density_reachable == pytest.approx(kept / REACHABLE, rel=1e-5)
    assert found["keep"].density_reachable < 0.7 * found["prune"].density_reachable


@pytest.mark.parametrize("guard", [None, GuardSettings(unreachable="keep")])
@pytest.mark.parametrize("scheme", ["Prune", "PruneQuantize16"])
def test_stock_and_keep_rank_all_weights(network, scheme, guard):
    """Without the guard, or with `keep`, the result is Condensa's to the bit."""
    theta, _ = project(network, scheme, 0.3, guard)
    expected = deepcopy(network)
    build_scheme(named_schemes()[scheme], 0.3, None).pi(expected)
    for name, tensor in expected.state_dict().items():
        assert torch.equal(theta.state_dict()[name], tensor), name


@pytest.mark.parametrize("density", [0.5, 0.9])
def test_a_density_above_the_reachable_share_keeps_all_of_it(network, density):
    """Only unreachable weights are removed, so the logits keep their bits."""
    theta, _ = project(network, "Prune", density, REMOVING)
    size = measure_size(theta, channels=3, side=32)
    assert (size.num_compressible_nonzero, size.density_reachable) == (REACHABLE, 1)
    images = torch.randn(4, *IMAGE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(theta.eval()(images), deepcopy(network).eval()(images))


@pytest.mark.parametrize("criteria", ["l2norm", "max", "min", "mean", "sum"])
def test_norms_of_filters_leave_unreachable_taps_out(network, criteria):
    """Each criterion gives the norm of the reached taps alone; zeros would make `min` zero."""
    theta, taps = deepcopy(network), reachable_taps(network, IMAGE)
    zero_unreachable(theta, taps)
    mark_reached_taps(theta, taps)
    reduce = {
        "l2norm": lambda each: each.norm(dim=1), "max": lambda each: each.amax(dim=1),
        "min": lambda each: each.amin(dim=1), "mean": lambda each: each.mean(dim=1),
        "sum": lambda each: each.sum(dim=1),
    }[criteria]  # fmt: skip
    layer = theta.layer4[0].conv1
    used = layer.weight.data[:, :, 1:, 1:].flatten(1).abs()
    assert torch.allclose(norms_of(layer, criteria_named(criteria)), reduce(used))


@pytest.mark.parametrize(
    ("scheme", "density"), [("FilterPrune", 0.1), ("FilterPrune", 0.5), ("FilterPruneGroup", 0.5)]
)
def test_a_density_of_filters_keeps_as_many_filters(network, scheme, density):
    """Not as many weights: at 0.5 those kept with unreachable ones are more than are reached."""
    filters, weights = {}, {}
    for unreachable in ("prune", "keep"):
        theta, _ = project(network, scheme, density, GuardSettings(unreachable=unreachable))
        size = measure_size(theta, channels=3, side=32)
        filters[unreachable] = sum(layer.num_structures_kept for layer in size.layers)
        weights[unreachable] = size.num_compressible_nonzero
    num_coupled = 8 if scheme.endswith("Group") else 0  # a coupled channel is of many filters
    assert filters["prune"] == pytest.approx(filters["keep"], abs=num_coupled)
    assert weights["prune"] < weights["keep"]
    assert (weights["keep"] > REACHABLE) == (density == 0.5)


def test_quantisation_alone_removes_nothing(network):
    """Schemes without pruning keep every weight, as the control they serve as."""
    theta = deepcopy(network)
    build_scheme(named_schemes()["Quantize32"], None, REMOVING, IMAGE).pi(theta)
    for name, layer in named_layers(network).items():
        assert torch.equal(named_layers(theta)[name].weight, layer.weight)


def test_a_warm_up_sets_the_density_of_the_operator_inside():
    """The wrapped scheme names its operators as Condensa's composition does."""
    scheme = build_scheme(named_schemes()["Prune"], 0.1, REMOVING, IMAGE)
    (pruning,) = operators_of(scheme)
    set_density(scheme, 0.6)
    assert pruning.density == 0.6


@pytest.mark.parametrize(("density", "is_noted"), [(0.3, False), (0.5, True)])
def test_the_preflight_states_that_a_density_is_too_high(network, density, is_noted):
    """The sentence has the share, and the count that is kept."""
    text = f'name = "t"\ndata.card = "demo"\ncompress.densities = [{density}]\n'
    preset = parse_preset(f'{text}guard.unreachable = "prune"', "t")
    cell = forecast_cell(preset, expand_grid(preset)[0], UntrainedNetwork.of(network, IMAGE))
    expected = (
        f"Density {density} is above the share of weights that a pixel of a 32x32 image reaches "
        "(37.8 %): all 4,221,120 of them are kept, and the others are removed."
    )
    assert cell.notes == ([expected] if is_noted else [])


def small_last_map() -> nn.Module:
    """Return the tiny network with a convolution on a 1x1 map."""
    network = tiny_network()
    network.insert(7, nn.Conv2d(16, 16, 3, padding=1))
    return network


def test_a_run_zeroes_them_before_l_c_and_warns(tmp_path):
    """The saved theta has only reached weights, and the log has the share per cycle."""
    preset = tiny_preset("Prune", guard="on")
    compress_all = preset.compress.model_copy(update={"densities": (0.9,)})
    guard = preset.guard.model_copy(update={"unreachable": "prune"})
    preset = preset.model_copy(update={"compress": compress_all, "guard": guard})
    session = open_session(tmp_path / "run", preset, tiny_dataset(preset), StopFlag())
    theta, _ = compress(session, small_last_map())
    weight = theta[7].weight.detach()
    assert not weight[:, :, [0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 0, 2, 0, 1, 2]].any()
    assert weight[:, :, 1, 1].all()
    assert any("is above the share of weights" in warning for warning in session.warnings)
    cycles = list(session.log.history.cycles["compress"].values())
    assert {cycle.density_reachable for cycle in cycles} == {1.0}
    assert cycles[-1].density < 0.6
