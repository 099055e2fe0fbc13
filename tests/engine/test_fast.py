"""The fast mode: the same update except for rounding, and the same results except for noise."""

from copy import deepcopy
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.compression import compress
from medtui.engine.lc.cuda_graph import FastStep, GraphedStep
from medtui.engine.lc.fast_mode import fast_mode_arguments
from medtui.engine.lc.flat_sgd import FlatSgd
from medtui.engine.lc.fused_sgd import FusedSgd, advance, compile_advance
from medtui.engine.lc.loop import constraint_gap
from medtui.engine.lc.sgd import InPlaceSgd, LcSgd, compressed_names
from medtui.engine.lc.state import LcState
from medtui.engine.precision import EXACT, Precision, fast_precision_on, multiplies_bf16
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.evaluation import predict
from medtui.engine.training.recording import WARM_UP_STEPS, CudaGraphs
from medtui.events import CycleEnded
from medtui.preset import LcSettings, Preset
from medtui.preset.computing import FAST_TEST_EVERY
from medtui.preset.precision import PRECISION_VARIABLE
from medtui.runs.log.reader import EventTail
from tests.helpers.recorded_calls import RecordedCalls
from tests.helpers.tiny_sessions import open_session, tiny_dataset, tiny_network, tiny_preset

CPU = torch.device("cpu")
MOMENTUM, WEIGHT_DECAY = 0.9, 1e-3


@pytest.fixture(scope="module")
def compiled():
    """The update rule, compiled by torch."""
    return compile_advance(CPU)


def compressible(model: nn.Module) -> nn.Module:
    """Mark the parameters that Condensa's Prune compresses."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.condense = {"weight"}
    return model


def random_like(model: nn.Module, rng: torch.Generator) -> nn.Module:
    """Return a copy with other parameters."""
    copy = deepcopy(model)
    for parameter in copy.parameters():
        drawn = torch.randn(parameter.shape, generator=rng)
        parameter.data = drawn.to(parameter.device)
    return copy


def walk(rule: Any, layout: torch.memory_format) -> nn.Module:
    """Update a network by random gradients over three cycles of five steps; return it."""
    rng = torch.Generator().manual_seed(5)
    w = compressible(tiny_network()).to(memory_format=layout)
    optimizer: LcSgd = rule(w, lr=0.1, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    mu = 0.03
    for _ in range(3):
        theta, lm = (random_like(w, rng) for _ in range(2))
        optimizer.reset_state()
        for step in range(5):
            for parameter in w.parameters():
                drawn = torch.randn(parameter.shape, generator=rng)
                parameter.grad = torch.empty_like(parameter).copy_(drawn)
            optimizer.step(0.1 * 0.8**step, mu, theta, lm)
        mu *= 1.7
    return w


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_one_buffer_is_updated_as_each_parameter_is(layout):
    """Bit for bit, with parameters that are and are not compressed; the network keeps its views."""
    apart, together = walk(FusedSgd, layout), walk(FlatSgd, layout)
    for (name, left), right in zip(apart.named_parameters(), together.parameters(), strict=True):
        assert torch.equal(left, right), name
        assert left.stride() == right.stride()
    storages = {each.untyped_storage().data_ptr() for each in together.parameters()}
    assert len(storages) == 1


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("is_compiled", [False, True])
def test_the_folded_rule_is_condensas_but_for_rounding(compiled, is_compiled, layout):
    """Equal with penalty, weight decay, momentum, falling learning rate, and new theta and mu."""
    exact = walk(InPlaceSgd, torch.contiguous_format)
    fast = walk(partial(FusedSgd, rule=compiled if is_compiled else advance), layout)
    for (name, left), right in zip(exact.named_parameters(), fast.parameters(), strict=True):
        torch.testing.assert_close(right, left, rtol=1e-5, atol=1e-6, msg=name)


def train(
    step: FastStep,
    num_cycles: int = 3,
    num_steps: int = 5,
    kind: type[FusedSgd] = FusedSgd,
    device: str = "cpu",
) -> tuple[nn.Module, list[float]]:
    """Run L steps on random images with ends of cycles between; return w and its losses."""
    rng = torch.Generator().manual_seed(8)
    w = compressible(tiny_network()).to(device)
    optimizer = kind(w, 0.05, MOMENTUM, WEIGHT_DECAY)
    state = LcState(w, deepcopy(w), deepcopy(w), deepcopy(w), optimizer, lr=0.05, mu=0.05)
    losses = []
    w.train()
    for _ in range(num_cycles):
        state.theta, state.lm = (compressible(random_like(w, rng)) for _ in range(2))
        for _ in range(num_steps):
            inputs = torch.randn(8, 3, 32, 32, generator=rng).to(device)
            labels = torch.randint(0, 2, (8,), generator=rng).to(device)
            losses.append(float(step(state, inputs, labels, F.cross_entropy)))
            state.lr *= 0.9
        optimizer.reset_state()
        state.mu *= 1.5
    return w, losses


@pytest.mark.parametrize("kind", [FusedSgd, FlatSgd])
def test_a_recorded_step_follows_all_that_changes(kind):
    """Images, labels, learning rate, mu, theta and multipliers reach a replay, bit for bit."""
    warnings: list[str] = []
    fast = Precision(memory_format=torch.channels_last)
    calls = RecordedCalls()
    w, losses = train(GraphedStep(fast, calls, warnings.append), kind=kind)
    expected_w, expected_losses = train(FastStep(fast))
    assert calls.num_replays == len(losses) - WARM_UP_STEPS
    assert losses == expected_losses
    assert not warnings
    for (name, ours), theirs in zip(
        w.state_dict().items(), expected_w.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name


@pytest.mark.gpu
def test_cuda_records_the_l_step():
    """A graph computes what the same kernels compute when they are launched one by one."""
    warnings: list[str] = []
    fast = Precision(memory_format=torch.channels_last)
    graphed = GraphedStep(fast, CudaGraphs(), warnings.append)
    w, losses = train(graphed, kind=FlatSgd, device="cuda")
    expected_w, expected_losses = train(FastStep(fast), kind=FlatSgd, device="cuda")
    assert not warnings
    assert losses == pytest.approx(expected_losses, rel=1e-3)
    for (name, ours), theirs in zip(
        w.state_dict().items(), expected_w.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4, msg=name)


def test_the_gap_is_summed_layer_by_layer_and_copied_at_once():
    """As by a sum over all compressed weights in float64; biases do not count."""
    rng = torch.Generator().manual_seed(1)
    w = compressible(tiny_network())
    theta = compressible(random_like(w, rng))
    state = LcState(w, theta, deepcopy(w), deepcopy(w), FusedSgd(w, 0.1, 0.9))
    networks = w.state_dict(), theta.state_dict()
    pairs = [tuple(each[name] for each in networks) for name in compressed_names(theta)]
    apart = sum(float((left - right).double().square().sum()) for left, right in pairs)
    norm = sum(float(left.double().square().sum()) for left, _ in pairs)
    assert constraint_gap(state) == pytest.approx((apart / norm) ** 0.5, rel=1e-6)
    assert constraint_gap(LcState(nn.Identity(), *[nn.Identity()] * 3, state.optimizer)) == 0


def test_a_step_that_cannot_be_recorded_is_computed():
    """If recording fails, there is a warning and the results are the same."""

    class Refusing(RecordedCalls):
        def record(self, _):
            raise RuntimeError("operation not permitted when stream is capturing\nmore")

    warnings: list[str] = []
    w, losses = train(GraphedStep(EXACT, Refusing(), warnings.append))
    expected_w, expected_losses = train(FastStep(EXACT))
    assert losses == expected_losses
    assert len(warnings) == 1
    assert "operation not permitted" in warnings[0]
    for ours, theirs in zip(w.parameters(), expected_w.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_without_a_compiler_the_rule_runs_uncompiled(monkeypatch, tmp_path):
    """The run continues with a warning."""
    import torch._inductor.config as inductor

    monkeypatch.setattr(inductor, "force_disable_caches", True)
    monkeypatch.setattr(inductor.cpp, "cxx", (None, str(tmp_path / "no-compiler")))
    torch.compiler.reset()
    compile_advance.cache_clear()
    warnings: list[str] = []
    options = fast_mode_arguments(CPU, EXACT, warnings.append)
    torch.compiler.reset()
    assert options["l_optimizer"].keywords["rule"] is advance
    assert "uncompiled" in warnings[0]


def test_bf16_is_used_where_the_processor_multiplies_it(monkeypatch):
    """The CPU flags agree with torch's own detection."""
    capable = torch.cpu.get_capabilities()
    is_native = bool(capable.get("avx512_bf16") or capable.get("amx_bf16") or capable.get("bf16"))
    assert multiplies_bf16(CPU) == is_native
    monkeypatch.delenv(PRECISION_VARIABLE, raising=False)
    assert fast_precision_on(CPU).dtype is (torch.bfloat16 if is_native else torch.float32)


def compressed(tmp_path, preset: Preset, dataset: Dataset) -> float:
    """Compress a tiny network; return the val loss of the result in float32."""
    name = f"{preset.lc.mode}-{preset.compress.seeds[0]}"
    session = open_session(tmp_path / name, preset, dataset, StopFlag())
    with session.log:
        best, _ = compress(session, tiny_network())
    return predict(best, session.val, session.criterion).loss


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-3), ("bfloat16", 0.02)])
def test_fast_mode_ends_where_exact_mode_does(tmp_path, precision, tolerance):
    """Losses, paired over seeds, agree in both precisions on any hardware."""
    dataset = tiny_dataset(tiny_preset())
    differences = [
        compressed(
            tmp_path, tiny_preset("Prune", "on", "fast", precision=precision, seed=seed), dataset
        )
        - compressed(tmp_path, tiny_preset("Prune", "on", seed=seed), dataset)
        for seed in range(3)
    ]
    assert max(map(abs, differences)) < tolerance, differences


def test_fast_mode_looks_at_test_every_fifth_cycle(tmp_path):
    """Test is evaluated in cycle 0, every fifth and the last, unless the preset sets it."""
    preset = tiny_preset("Prune", "off", "fast")
    lc = preset.lc.model_copy(update={"cycles": FAST_TEST_EVERY + 2, "steps": 1})
    dataset = tiny_dataset(preset)
    for every, expected in ((None, [0, 5, 6]), (3, [0, 3, 6])):
        evaluate = preset.evaluate.model_copy(update={"test_every": every})
        asked = preset.model_copy(update={"lc": lc, "evaluate": evaluate})
        session = open_session(tmp_path / str(every), asked, dataset, StopFlag())
        with session.log:
            compress(session, tiny_network())
        events = [record.event for record in EventTail(session.folder.events).read_all()]
        looked = [each.cycle for each in events if isinstance(each, CycleEnded) and each.test]
        assert looked == expected


def test_exact_is_what_a_preset_gets():
    """The exact mode is the default."""
    assert LcSettings().mode == "exact"
