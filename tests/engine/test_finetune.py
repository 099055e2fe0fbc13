"""Fine-tuning after L-C, and the events of a compression."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.lc.compression import compress
from medtui.engine.lc.penalty_budget import penalty_budget
from medtui.engine.lc.recalibration import recalibrate_theta
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.pruning.structural_pruning import check_same, shrink
from medtui.engine.run.finetuning import finetune
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.network import named_layers
from medtui.engine.training.trainer import TrainingPlan
from medtui.preset import Preset
from medtui.runs import convergence
from tests.helpers.tiny_sessions import open_session, tiny_dataset, tiny_network, tiny_preset


def finetuning(preset: Preset) -> Preset:
    """Return the preset with two epochs of fine-tuning."""
    guard = preset.guard.model_copy(update={"finetune_epochs": 2, "finetune_lr": 0.05})
    return preset.model_copy(update={"guard": guard})


def projected(session: Session) -> nn.Module:
    """Return the tiny network, compressed by the cell's scheme."""
    theta = tiny_network()
    guard = session.preset.guard
    build_scheme(session.cell.scheme, session.cell.density, guard, session.image_shape).pi(theta)
    return theta


@pytest.mark.parametrize(
    "scheme",
    [
        "Prune",
        "PruneQuantize16",
        "FilterPrune",
        "StructPrune",
        "StructPruneQuantize16",
        "BlockPrune",
    ],
)
def test_fine_tuning_keeps_zeros_and_types(tmp_path, scheme):
    """Removed weights stay zero, half precision stays half, and other weights are trained."""
    preset = finetuning(tiny_preset(scheme, "on"))
    session = open_session(tmp_path, preset, tiny_dataset(preset), StopFlag())
    theta = projected(session)
    before = deepcopy(theta)
    with session.log:
        tuned = finetune(session, theta)
    assert len(session.log.history.cycles_of("finetune")) == 2
    for name, layer in named_layers(tuned).items():
        was = before.get_submodule(name)
        assert layer.weight.dtype is was.weight.dtype, name
        is_zero = was.weight == 0
        assert not layer.weight[is_zero].any(), name
        if layer.bias is not None:
            is_removed = (was.weight.flatten(1) == 0).all(dim=1) & (was.bias == 0)
            assert not layer.bias[is_removed].any(), name
        assert not torch.equal(layer.weight, was.weight), name


@pytest.mark.parametrize(("epochs", "first"), [(1, 1.0), (2, 0.01), (6, 0.01)])
def test_training_ends_at_a_small_learning_rate(epochs, first):
    """The learning rate ends at zero for any number of epochs."""
    plan = TrainingPlan("finetune", epochs, 64, 0.1, 0.9, 0.0)
    rates = [plan.learning_rate(step, 100) for step in range(100 * epochs)]
    assert rates[0] == pytest.approx(0.1 * first)
    assert max(rates) == pytest.approx(0.1)
    peak = rates.index(max(rates))
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.001 * rates[peak]


def test_what_grouped_pruning_emptied_stays_removable(tmp_path):
    """BatchNorms of emptied channels stay zero through L-C, fine-tuning and recalibration."""
    preset = finetuning(tiny_preset("StructPruneGroupQuantize16", "on"))
    session = open_session(tmp_path, preset, tiny_dataset(preset), StopFlag())
    with session.log:
        theta = finetune(session, compress(session, tiny_network())[0])
        recalibrate_theta(theta, session, 32)
    shrunk = shrink(theta, session.image_shape)
    assert shrunk.num_removed == shrunk.num_masked > 0
    assert shrunk.shifted == ()
    images = torch.cat([inputs for inputs, _ in session.val])
    assert check_same(theta, shrunk, images) <= 1e-5


@pytest.mark.parametrize("scheme", ["FilterPrune", "Quantize16"])
def test_recalibration_leaves_weights_and_types_alone(tmp_path, scheme):
    """Only BatchNorm's statistics change, in their own type."""
    preset = tiny_preset(scheme, "on")
    session = open_session(tmp_path, preset, tiny_dataset(preset), StopFlag())
    theta = projected(session)
    before = deepcopy(theta)
    with session.log:
        recalibrate_theta(theta, session, 32)
    for name, parameter in before.named_parameters():
        assert torch.equal(theta.get_parameter(name), parameter), name
    for name, buffer in before.named_buffers():
        now = theta.get_buffer(name)
        assert now.dtype is buffer.dtype, name
        assert name.endswith("tracked") or not torch.equal(now, buffer), name


def test_every_cycle_tells_its_health(tmp_path):
    """Events have the losses of w and theta, gap, mu and learning rate, and the penalty budget."""
    preset = tiny_preset("Prune", "on")
    session = open_session(tmp_path, preset, tiny_dataset(preset), StopFlag())
    with session.log:
        compress(session, tiny_network())
    history, lc = session.log.history, preset.lc
    told = [line.text for line in history.lines]
    assert f"penalty budget B = {penalty_budget(lc):.2f}" in told
    cycles = history.cycles_of("compress")
    mus = [0.0, *(lc.mu_init * lc.mu_multiplier**power for power in range(lc.cycles - 1))]
    assert [cycle.mu for cycle in cycles] == pytest.approx(mus)
    for cycle in cycles:
        assert cycle.val["loss"] is not None
        assert cycle.w_val["loss"] is not None
        assert 0 < cycle.gap < 1
        assert cycle.density == pytest.approx(0.3, abs=0.01)
    assert cycles[0].val["loss"] != cycles[0].w_val["loss"]
    assert [cycle.lr for cycle in cycles[1:]] == pytest.approx([lc.lr_end] * (lc.cycles - 1))


@pytest.mark.parametrize(("close", "is_warned"), [(0.0, False), (10.0, True)])
def test_a_run_warns_where_close_weights_answer_differently(
    tmp_path, monkeypatch, close, is_warned
):
    """The last cycle is judged; the warning is in the result."""
    monkeypatch.setattr(convergence, "CLOSE_WEIGHTS", close)
    monkeypatch.setattr(convergence, "ALLOWED_DIFFERENCE", -1.0)
    preset = tiny_preset("Prune", "on")
    session = open_session(tmp_path, preset, tiny_dataset(preset), StopFlag())
    with session.log:
        compress(session, tiny_network())
    warned = [each for each in session.warnings if "answer differently" in each]
    assert len(warned) == is_warned
    assert not is_warned or f"at cycle {preset.lc.cycles - 1})" in warned[0]
