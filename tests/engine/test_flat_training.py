"""Training steps on one buffer, recorded and repeated: what steps compute that are called."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medtui.engine.precision import Precision
from medtui.engine.training import step as step_module
from medtui.engine.training.flat_nesterov import FlatNesterov
from medtui.engine.training.recording import WARM_UP_STEPS, CudaGraphs, Recorder
from medtui.engine.training.sgd import NesterovSgd, Sgd
from medtui.engine.training.step import TrainingStep
from tests.helpers.devices import DEVICES
from tests.helpers.recorded_calls import RecordedCalls
from tests.helpers.tiny_sessions import tiny_network

FAST = Precision(memory_format=torch.channels_last)
MASKED = "3.weight"


def minibatches(count: int, device: str = "cpu") -> list[tuple[Tensor, Tensor]]:
    """Return random images and labels."""
    rng = torch.Generator().manual_seed(2)
    return [
        (
            torch.randn(8, 3, 32, 32, generator=rng).to(device),
            torch.randint(0, 2, (8,), generator=rng).to(device),
        )
        for _ in range(count)
    ]


def trained(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[NesterovSgd],
    recorder: Recorder | None = None,
    *,
    device: str = "cpu",
    cut_at: int | None = None,
) -> tuple[dict[str, Tensor], list[float]]:
    """Train with a falling rate, a mask, and the body frozen in steps 6 to 10."""
    monkeypatch.setattr(step_module, "_optimizer_class", lambda *_: kind)
    network = tiny_network().to(device)
    mask = (torch.arange(16 * 8 * 9, device=device).view(16, 8, 3, 3) % 3 > 0).float()

    def made() -> TrainingStep:
        step = TrainingStep(
            network, F.cross_entropy, (3, 32, 32), FAST, momentum=0.9, weight_decay=1e-2,
            masks={MASKED: mask}, recorder=recorder,
        )  # fmt: skip
        step.network.train()
        return step

    step, losses = made(), []
    for number, (inputs, labels) in enumerate(minibatches(16, device)):
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(not 6 <= number < 11 or name.startswith("10."))
        if number == cut_at:
            momenta = {name: each.clone() for name, each in step.momenta.items()}
            step = made()
            step.restore(momenta)
        losses.append(float(step(inputs, labels, 0.1 * 0.9**number)))
    assert not network.get_parameter(MASKED)[mask == 0].any()
    return {name: each.detach().clone() for name, each in network.state_dict().items()}, losses


def test_one_buffer_is_trained_as_torch_trains_parameters(monkeypatch) -> None:
    """Except for rounding, with momentum, weight decay, masks and frozen parameters."""
    state, losses = trained(monkeypatch, FlatNesterov)
    expected, expected_losses = trained(monkeypatch, Sgd)
    assert losses == pytest.approx(expected_losses, rel=1e-4)
    for name, each in expected.items():
        torch.testing.assert_close(state[name], each, rtol=1e-4, atol=1e-5, msg=name)


def test_a_recorded_training_step_follows_all_that_changes(monkeypatch) -> None:
    """Images, labels and the learning rate reach a replay; other parameters are recorded anew."""
    calls, warnings = RecordedCalls(), []
    state, losses = trained(monkeypatch, FlatNesterov, (calls, warnings.append))
    expected, expected_losses = trained(monkeypatch, FlatNesterov)
    assert losses == expected_losses
    assert all(torch.equal(state[name], each) for name, each in expected.items())
    assert not warnings
    replays = 3  # before the body is frozen, while it is, and after
    assert calls.num_replays == 16 - replays * WARM_UP_STEPS


def test_momenta_are_restored_into_the_buffer(monkeypatch) -> None:
    """A step that is built anew in the middle goes on with the same bits."""
    straight, _ = trained(monkeypatch, FlatNesterov)
    resumed, _ = trained(monkeypatch, FlatNesterov, cut_at=9)
    assert all(torch.equal(resumed[name], each) for name, each in straight.items())


@pytest.mark.gpu
def test_cuda_records_a_training_step(monkeypatch) -> None:
    """A graph computes what the same kernels compute when they are launched one by one."""
    warnings: list[str] = []
    recorder = CudaGraphs(), warnings.append
    state, losses = trained(monkeypatch, FlatNesterov, recorder, device="cuda")
    expected, expected_losses = trained(monkeypatch, FlatNesterov, device="cuda")
    assert not warnings
    assert losses == pytest.approx(expected_losses, rel=1e-3)
    for name, each in expected.items():
        torch.testing.assert_close(state[name], each, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_network_of_views_is_stored_as_ever(device, layout) -> None:
    """Moving parameters into one buffer changes neither their values nor their layout."""
    apart = tiny_network().to(device, memory_format=layout)
    network = tiny_network().to(device, memory_format=layout)
    FlatNesterov(network.parameters(), momentum=0.9, weight_decay=0.0)
    pairs = zip(apart.state_dict().items(), network.state_dict().values(), strict=True)
    for (name, left), right in pairs:
        assert torch.equal(left, right), name
        assert left.stride() == right.stride()
    logits = [nn.Module.eval(each)(minibatches(1, device)[0][0]) for each in (apart, network)]
    assert torch.equal(*logits)
