"""The fast mode: the same update except for rounding, and the same results except for noise."""

from copy import deepcopy
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.compression import compress
from medtui.engine.lc.cuda_graph import WARM_UP_STEPS, FastStep, GraphedStep
from medtui.engine.lc.fast_mode import fast_mode_arguments
from medtui.engine.lc.fused_sgd import FusedSgd, advance, compile_advance
from medtui.engine.lc.sgd import InPlaceSgd, LcSgd
from medtui.engine.lc.state import LcState
from medtui.engine.precision import EXACT, Precision, fast_precision_on, multiplies_bf16
from medtui.engine.run.session import StopFlag
from medtui.engine.training.evaluation import predict
from medtui.events import CycleEnded
from medtui.preset import LcSettings, Preset
from medtui.preset.computing import FAST_TEST_EVERY
from medtui.preset.precision import PRECISION_VARIABLE
from medtui.runs.log_reader import EventTail
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
        parameter.data = torch.randn(parameter.shape, generator=rng)
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
@pytest.mark.parametrize("is_compiled", [False, True])
def test_the_folded_rule_is_condensas_but_for_rounding(compiled, is_compiled, layout):
    """Equal with penalty, weight decay, momentum, falling learning rate, and new theta and mu."""
    exact = walk(InPlaceSgd, torch.contiguous_format)
    fast = walk(partial(FusedSgd, rule=compiled if is_compiled else advance), layout)
    for (name, left), right in zip(exact.named_parameters(), fast.parameters(), strict=True):
        torch.testing.assert_close(right, left, rtol=1e-5, atol=1e-6, msg=name)


class RecordedCalls(TorchDispatchMode):
    """Records the tensor calls of a step and repeats them on the same memory, like a CUDA graph."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []
        self.num_replays = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run a call and record it with the tensor that it returned."""
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result

    def warm_up(self, body):
        """Run `body` without recording."""
        return body()

    def record(self, body):
        """Record `body`; the recording itself computes, so the first replay is skipped."""
        with self:
            body()
        return self.replay

    @torch.no_grad()
    def replay(self):
        """Repeat every call and write its results to the recorded tensors."""
        self.num_replays += 1
        if self.num_replays == 1:
            return
        for func, args, kwargs, result in self.calls:
            again = func(*args, **kwargs)
            pairs = zip(as_tuple(result), as_tuple(again), strict=True)
            for old, new in pairs:
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def as_tuple(result: Any) -> tuple[Any, ...]:
    """Return results as a tuple."""
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def train(step: FastStep, num_cycles: int = 3, num_steps: int = 5) -> tuple[nn.Module, list[float]]:
    """Run L steps on random images with ends of cycles between; return w and its losses."""
    rng = torch.Generator().manual_seed(8)
    w = compressible(tiny_network())
    optimizer = FusedSgd(w, 0.05, MOMENTUM, WEIGHT_DECAY)
    state = LcState(w, deepcopy(w), deepcopy(w), deepcopy(w), optimizer, lr=0.05, mu=0.05)
    losses = []
    w.train()
    for _ in range(num_cycles):
        state.theta, state.lm = (compressible(random_like(w, rng)) for _ in range(2))
        for _ in range(num_steps):
            inputs = torch.randn(8, 3, 32, 32, generator=rng)
            labels = torch.randint(0, 2, (8,), generator=rng)
            losses.append(float(step(state, inputs, labels, F.cross_entropy)))
            state.lr *= 0.9
        optimizer.reset_state()
        state.mu *= 1.5
    return w, losses


def test_a_recorded_step_follows_all_that_changes():
    """Images, labels, learning rate, mu, theta and multipliers reach a replay, bit for bit."""
    warnings: list[str] = []
    fast = Precision(memory_format=torch.channels_last)
    calls = RecordedCalls()
    w, losses = train(GraphedStep(fast, calls, warnings.append))
    expected_w, expected_losses = train(FastStep(fast))
    assert calls.num_replays == len(losses) - WARM_UP_STEPS
    assert losses == expected_losses
    assert not warnings
    for (name, ours), theirs in zip(
        w.state_dict().items(), expected_w.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name


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
