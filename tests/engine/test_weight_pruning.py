"""Selection of single weights by synaptic flow, and with floors."""

from copy import deepcopy

import pytest
import torch
from condensa.opt.lc.lc import record_mode
from torch import nn

from medtui.engine.pruning.density_check import check_density
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.pruning.synflow import Flow, rank_weights
from medtui.engine.training.network import named_layers
from medtui.errors import UsageError
from medtui.preset import Cell, FilterPrune, GuardSettings, Prune, Scheme

SHAPE = (3, 8, 8)
GUARD = GuardSettings(unreachable="prune")


class Residual(nn.Module):
    """A small residual network whose downsample convolution has the smallest weights."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.inner = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False)
        self.outer = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.downsample = nn.Sequential(nn.Conv2d(8, 16, 1, stride=2, bias=False))
        self.fc = nn.Linear(16, 2)
        with torch.no_grad():
            self.downsample[0].weight.mul_(1e-3)
            self.conv1.weight.mul_(1e-2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 2)."""
        stem = torch.relu(self.norm(self.conv1(images)))
        block = self.outer(torch.relu(self.inner(stem))) + self.downsample(stem)
        return self.fc(torch.relu(block).mean(dim=(2, 3)))


def pruned(operator: Prune | FilterPrune, density: float, guard: GuardSettings | None) -> nn.Module:
    """Return the residual network, projected."""
    network = Residual().eval()
    scheme = Scheme(name="t", operators=(operator,))
    built = build_scheme(scheme, density, guard, SHAPE)
    built.pi(network)
    check_density(network, Cell(scheme, density, 0), built)
    return network


def kept_in(network: nn.Module) -> dict[str, int]:
    """Return the number of nonzero weights of each layer."""
    return {name: int((each.weight != 0).sum()) for name, each in named_layers(network).items()}


def answers_differ(network: nn.Module) -> bool:
    """Return whether the logits depend on the image."""
    images = torch.rand(8, *SHAPE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return bool(network(images).std(dim=0).max() > 0)


def test_flow_keeps_a_path_where_magnitude_empties_a_layer() -> None:
    """At 12 of 3,824 weights; both keep exactly that many."""
    density = 12.5 / sum(each.weight.numel() for each in named_layers(Residual()).values())
    by_size, by_flow = (
        pruned(Prune(score=score), density, GuardSettings(floor_weights=0))
        for score in ("magnitude", "synflow")
    )
    assert sum(kept_in(by_size).values()) == sum(kept_in(by_flow).values()) == 12
    assert kept_in(by_size)["conv1"] == 0
    assert not answers_differ(by_size)
    assert answers_differ(by_flow)


@pytest.mark.parametrize("density", [0.3, 0.05, 0.01])
def test_floors_keep_transitions_at_the_same_count(density: float) -> None:
    """Conv1, the downsample convolution and the last layer; by one threshold they are empty."""
    guard = GuardSettings(protect=("conv1", "downsample.*"))
    stock, floored = (
        kept_in(pruned(Prune(), density, each))
        for each in (guard.model_copy(update={"floor_weights": 0}), guard)
    )
    assert stock["conv1"] == stock["downsample.0"] == 0
    assert min(floored[name] for name in ("conv1", "downsample.0", "fc")) > 0
    assert sum(floored.values()) == sum(stock.values())


def test_a_floor_that_is_met_changes_nothing() -> None:
    """The projection is stock Condensa's, weight for weight; without the guard it always is."""
    scheme = Scheme(name="t", operators=(Prune(),))
    networks = []
    for guard in (None, GuardSettings(protect=())):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(20, 30), nn.Linear(30, 10))
        build_scheme(scheme, 0.3, guard).pi(network)
        networks.append(network)
    stock, guarded = (each.state_dict() for each in networks)
    assert all(torch.equal(stock[name], guarded[name]) for name in stock)


def test_layers_have_equal_flow() -> None:
    """The scores of a chain's layers add up to the same number, whatever their sizes."""
    chain = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)
    )
    first, last = Flow(chain, SHAPE).filter_scores(["0", "4"]).values()
    assert float(first.sum()) == pytest.approx(float(last.sum()), rel=1e-12)


def test_flow_ranks_no_weight_that_no_pixel_reaches() -> None:
    """On maps of 1x1 only centres are reached, also where the density would keep more."""
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Flatten(), nn.Linear(4, 2))
    masks = rank_weights(network, ["0", "2"], 0.9, (3, 1, 1), rounds=3)
    assert masks["0"][:, :, 1, 1].all()
    assert int(masks["0"].sum()) == 12


def test_flow_is_the_same_each_time_and_changes_nothing_else() -> None:
    """In record mode it only marks; the network that is ranked keeps its weights."""
    network = Residual()
    before = deepcopy(network.state_dict())
    scheme = build_scheme(Scheme(name="t", operators=(Prune(score="synflow"),)), 0.05, GUARD, SHAPE)
    with record_mode():
        scheme.pi(network)
    assert network.conv1.condense == {"weight"}
    names = list(named_layers(network))
    first, second = (rank_weights(network, names, 0.05, SHAPE) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in names)
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())


def test_flow_beyond_float64_is_refused() -> None:
    """The message names the way out."""
    network = nn.Sequential(*[nn.Linear(8, 8) for _ in range(12)])
    with torch.no_grad():
        for layer in network:
            layer.weight.fill_(1e30)
    with pytest.raises(UsageError, match="exceed float64"):
        Flow(network, (8,)).filter_scores(["0"])


@pytest.mark.parametrize("group", [False, True])
def test_filters_by_flow_keep_the_number_and_the_floors(group: bool) -> None:
    """As with norms, all that is kept is at most what the density allows."""
    guard = GuardSettings(protect=(), floor_channels=1, floor_share=0)
    network = pruned(FilterPrune(score="synflow", group=group), 0.4, guard)
    filters = {
        name: int((each.weight.flatten(1) != 0).any(dim=1).sum())
        for name, each in named_layers(network).items()
    }
    assert min(filters.values()) > 0
    convolutions = sum(count for name, count in filters.items() if name != "fc")
    assert convolutions <= int(0.4 * 56)
    assert answers_differ(network)
