"""Fine-tuning of the network without its empty filters, in place of the whole one."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.pruning.filter_norms import zero_masks
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.pruning.subnetwork import computes_the_same, subnetwork_of
from medtui.engine.run.finetuning import choose_finetuned, finetune
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.preset import Preset, named_schemes
from tests.engine.test_resume import assert_same, carry
from tests.engine.test_weight_pruning import GUARD, SHAPE, Residual
from tests.helpers.tiny_sessions import CutAfter, open_session, tiny_network, tiny_preset

SCHEMES = ["FilterPruneGroup", "FilterPrune", "StructPruneGroupQuantize16"]


def projected(scheme: str, density: float = 0.4) -> nn.Module:
    """Return the residual network with empty filters, in training mode."""
    network = Residual()
    guard = GUARD.model_copy(update={"floor_channels": 1, "floor_share": 0.0, "protect": ()})
    build_scheme(named_schemes()[scheme], density, guard, SHAPE).pi(network)
    return network.float().train()


def gradients(network: nn.Module, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the gradients of a loss in training mode."""
    loss = nn.functional.cross_entropy(network(images), torch.arange(len(images)) % 2)
    loss.backward()
    return {name: each.grad for name, each in network.named_parameters() if each.grad is not None}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_part_has_the_logits_and_gradients_of_the_whole(scheme):
    """To 1e-5, in training mode; masks and parameters have the same shapes."""
    whole = projected(scheme)
    part = subnetwork_of(whole, SHAPE)
    assert part is not None
    num_whole = sum(each.numel() for each in whole.parameters())
    assert part.num_parameters < num_whole
    images = torch.rand(16, *SHAPE, generator=torch.Generator().manual_seed(1))
    assert computes_the_same(whole, part, images)
    torch.testing.assert_close(part.network(images), whole(images), rtol=1e-5, atol=1e-5)
    masks = zero_masks(whole)
    expected = gradients(whole, images)
    for name, gradient in gradients(part.network, images).items():
        mask = part.part(name, masks[name])
        own = part.part(name, expected[name])
        torch.testing.assert_close(gradient * mask, own * mask, rtol=1e-5, atol=1e-5)


def test_what_was_trained_is_written_where_it_belongs():
    """Everything else of the whole network stays as it was, zeros and statistics alike."""
    whole = projected("FilterPruneGroup")
    before = deepcopy(whole.state_dict())
    part = subnetwork_of(whole, SHAPE)
    assert part is not None
    trained = deepcopy(part.network)
    with torch.no_grad():
        for tensor in (*trained.parameters(), trained.norm.running_mean):
            tensor.add_(1.0)
    part.write(trained, whole)
    for name, tensor in whole.state_dict().items():
        is_part = torch.zeros(tensor.numel(), dtype=torch.bool)
        is_part[part.places[name].flatten()] = True
        is_moved = (tensor != before[name]).flatten()
        expected = is_part & (not name.endswith(("running_var", "num_batches_tracked")))
        assert torch.equal(is_moved, expected), name


def test_where_training_would_differ_the_whole_network_is_trained():
    """A BatchNorm that shifts an empty filter, and a network without one."""
    shifting = projected("FilterPruneGroup")
    is_empty = ~(shifting.conv1.weight.flatten(1) != 0).any(dim=1)
    assert is_empty.any()
    with torch.no_grad():
        shifting.norm.bias[is_empty] = 0.5
    assert subnetwork_of(shifting, SHAPE) is None
    assert subnetwork_of(Residual(), SHAPE) is None


def preset_of(network: str, scheme: str = "FilterPruneGroup", mode: str = "exact") -> Preset:
    """Return a preset with two epochs of fine-tuning."""
    preset = tiny_preset(scheme, "on", mode, is_whole=True)
    guard = preset.guard.model_copy(
        update={
            "finetune_epochs": 2,
            "finetune_lr": 0.05,
            "finetune_network": network,
            "batchnorm_pull": "all",
        }
    )
    lc = preset.lc.model_copy(update={"keep": "finetuned", "cycles": 2})
    return preset.model_copy(update={"guard": guard, "lc": lc})


def choosing(session: Session) -> nn.Module:
    """Compress a fresh tiny network and fine-tune it."""
    return choose_finetuned(session, reference=tiny_network, blank=tiny_network)[0]


@pytest.mark.parametrize("scheme", ["FilterPruneGroup", "FilterPrune"])
def test_fine_tuning_gives_the_model_of_the_whole_network(tmp_path, dataset, scheme):
    """Within rounding, after two epochs; and it is the part that is trained."""
    found = []
    for kind in ("whole", "shrunk"):
        preset = preset_of(kind, scheme)
        session = open_session(tmp_path / kind, preset, dataset, StopFlag())
        theta = tiny_network()
        chosen = named_schemes()[scheme]
        build_scheme(chosen, 0.3, preset.guard, session.image_shape).pi(theta)
        with session.log:
            found.append(finetune(session, theta).state_dict())
        lines = [line.text for line in session.log.history.lines]
        assert any("without empty filters" in text for text in lines) == (kind == "shrunk")
    whole, part = found
    for name, tensor in whole.items():
        torch.testing.assert_close(part[name], tensor, rtol=1e-3, atol=1e-4)
        assert torch.equal(part[name] == 0, tensor == 0), name


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_stop_within_fine_tuning_changes_no_bit(tmp_path, dataset, mode):
    """In the first epoch of the part's training, and in the second."""
    preset = preset_of("shrunk", mode=mode)
    whole = carry(tmp_path / "whole", preset, dataset, choosing, [])
    for cuts in ([10], [13, 2]):
        name = "-".join(map(str, cuts))
        assert_same(carry(tmp_path / name, preset, dataset, choosing, cuts), whole)


def test_a_checkpoint_of_the_whole_network_is_continued_with_it(tmp_path, dataset):
    """As those of earlier versions are; the stage after it, of the last cycle, is the part's."""
    _, expected = carry(tmp_path / "whole", preset_of("whole"), dataset, choosing, [])
    carried = tmp_path / "carried"
    session = open_session(carried, preset_of("whole"), dataset, CutAfter(looks=10))
    with pytest.raises(StopRequested), session.log:
        choosing(session)
    _, found = carry(carried, preset_of("shrunk"), dataset, choosing, [])
    assert [each.val for each in found[:4]] == [each.val for each in expected[:4]]
    assert found[4].val != expected[4].val
