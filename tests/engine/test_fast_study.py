"""Fast mode of a whole study: cropped kernels, updates in blocks, and the precision's choice."""

import json
from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from medtui.engine.lc.compression import compress
from medtui.engine.lc.cuda_graph import FastStep
from medtui.engine.lc.fused_sgd import FusedSgd, advance_in_blocks
from medtui.engine.lc.loop import exact_step
from medtui.engine.lc.sgd import InPlaceSgd
from medtui.engine.lc.state import LcState
from medtui.engine.precision import EXACT, Precision, native_precision, study_precision
from medtui.engine.pruning.reachable_weights import reachable_taps
from medtui.engine.run import pipeline
from medtui.engine.run.finetuning import finetune
from medtui.engine.run.run_precision import Measured, measure_precisions
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.cropped_view import view_for
from medtui.engine.training.evaluation import predict, recalibrate
from medtui.engine.training.sgd import BlockSgd, Sgd, blocks_of
from medtui.engine.training.step import TrainingStep
from medtui.events import Noted, RunStarted
from medtui.preset import parse_preset
from medtui.preset.precision import PRECISION_VARIABLE
from medtui.runs.folder import StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.log.writer import EventWriter
from tests.helpers.tiny_sessions import deep_network, open_session, tiny_network, tiny_preset

CPU = torch.device("cpu")
SHAPE = (3, 32, 32)
FAST = study_precision(CPU, "float32")


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random images and labels."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(8, *SHAPE, generator=rng), torch.randint(0, 2, (8,), generator=rng)


def unreached(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights that no pixel reaches, by layer."""
    taps = reachable_taps(network, SHAPE)
    return {
        name: network.get_submodule(name).weight.detach()[:, :, ~mask].clone()
        for name, mask in taps.items()
    }


def assert_close(left: nn.Module, right: nn.Module) -> None:
    """Compare all weights that a pixel reaches, and all buffers."""
    taps = reachable_taps(left, SHAPE)
    for (name, mine), theirs in zip(
        left.state_dict().items(), right.state_dict().values(), strict=True
    ):
        mask = taps.get(name.removesuffix(".weight"))
        chosen = (mine, theirs) if mask is None else (mine[:, :, mask], theirs[:, :, mask])
        torch.testing.assert_close(*chosen, rtol=1e-4, atol=1e-5, msg=name)


def test_a_view_has_the_logits_and_gradients_of_its_network():
    """Kernels on 2x2 and 1x1 maps are smaller, and their gradients are those of the part."""
    network, (inputs, targets) = deep_network(), batch()
    view = view_for(FAST, network, SHAPE)
    sizes = {name: view.network.get_submodule(name).kernel_size for name in view.kernels}
    assert sizes == {"6": (2, 2), "9": (1, 1)}
    for each in (network, view.network):
        F.cross_entropy(each(inputs), targets).backward()
    for name, whole in network.named_parameters():
        part = view.network.get_parameter(name)
        assert part.data_ptr() == view.part(name, whole).data_ptr()
        torch.testing.assert_close(part.grad, view.part(name, whole.grad), msg=name)
    assert all(each.abs().max() == 0 for each in unreached_gradients(network))


def unreached_gradients(network: nn.Module) -> list[torch.Tensor]:
    """Return the gradients of the weights that no pixel reaches."""
    taps = reachable_taps(network, SHAPE)
    return [network.get_submodule(name).weight.grad[:, :, ~mask] for name, mask in taps.items()]


def test_an_exact_network_is_its_own_view():
    """Exact mode computes with the network itself."""
    network = deep_network()
    assert view_for(EXACT, network, SHAPE).network is network
    assert view_for(FAST, tiny_network(), SHAPE).kernels == {}


@pytest.mark.parametrize("shape", [(7,), (300, 5), (16, 8, 3, 3)])
def test_blocks_are_all_rows(monkeypatch, shape):
    """Each row is in one block, and a tensor of one row is a block."""
    monkeypatch.setattr("medtui.engine.training.sgd.BLOCK", 64)
    tensor = torch.arange(float(torch.Size(shape).numel())).view(shape)
    found = [block for (block,) in blocks_of(tensor)]
    assert len(found) > 1 or len(shape) == 1
    assert torch.equal(torch.cat(found), tensor)


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_updates_in_blocks_are_torchs_but_for_rounding(monkeypatch, decay):
    """Nesterov momentum, weight decay, and parameters without a gradient."""
    monkeypatch.setattr("medtui.engine.training.sgd.BLOCK", 100)
    rng = torch.Generator().manual_seed(1)
    networks = [deep_network() for _ in range(2)]
    rules = [
        kind(network.parameters(), momentum=0.9, weight_decay=decay)
        for kind, network in zip((Sgd, BlockSgd), networks, strict=True)
    ]
    for step in range(4):
        for row, pair in enumerate(zip(*(each.parameters() for each in networks), strict=True)):
            drawn = torch.randn(pair[0].shape, generator=rng)
            for parameter in pair:
                parameter.grad = None if row == 2 and step < 2 else drawn.clone()
        for rule in rules:
            rule.step(0.1 * 0.9**step)
    for left, right in zip(*(each.parameters() for each in networks), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-6)


def test_training_in_fast_mode_ends_where_exact_mode_does():
    """With masks and weight decay; weights that no pixel reaches stay as they are."""
    network = deep_network()
    before = unreached(network)
    masks = {"6.weight": (torch.rand(16, 8, 3, 3) < 0.5).float()}
    trained = []
    for precision in (EXACT, FAST):
        copy = deepcopy(network)
        with torch.no_grad():
            copy.get_parameter("6.weight").mul_(masks["6.weight"])
        step = TrainingStep(
            copy, F.cross_entropy, SHAPE, precision, momentum=0.9, weight_decay=0.01, masks=masks
        )
        step.network.train()
        for number in range(5):
            step(*batch(number), 0.05)
        trained.append(copy)
    assert_close(*trained)
    assert not trained[1].get_parameter("6.weight")[masks["6.weight"] == 0].any()
    assert torch.equal(unreached(trained[1])["9"], before["9"])
    assert not torch.equal(unreached(trained[0])["9"], before["9"])  # exact mode decays them


@pytest.mark.parametrize("mu", [0.0, 0.3])
def test_an_l_step_sets_unreached_weights_to_the_minimum_of_their_penalty(monkeypatch, mu):
    """The others move as in exact mode; without a penalty nothing moves those unreached."""
    monkeypatch.setattr("medtui.engine.training.sgd.BLOCK", 100)
    found = []
    for kind, step in (
        (InPlaceSgd, exact_step),
        (partial(FusedSgd, rule=advance_in_blocks), FastStep(FAST)),
    ):
        w = deep_network()
        for module in w.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.condense = {"weight"}
        theta, lm = deepcopy(w), deepcopy(w)
        with torch.no_grad():
            for each in theta.parameters():
                each.mul_(0.5)
            for each in lm.parameters():
                each.fill_(0.01)
        before = unreached(w)
        state = LcState(w, theta, lm, deepcopy(w), kind(w, 0.05, 0.9), lr=0.05, mu=mu)
        w.train()
        for number in range(3):
            step(state, *batch(number), F.cross_entropy)
        found.append(w)
    assert_close(*found)
    for name, values in unreached(found[1]).items():
        expected = 0.5 * before[name] + 0.01 / mu if mu else before[name]
        torch.testing.assert_close(values, expected)


def test_evaluation_and_recalibration_are_those_of_the_whole_network(tmp_path, dataset):
    """Logits differ by rounding alone, and the network's own statistics are measured."""
    session = open_session(tmp_path, tiny_preset(), dataset, StopFlag())
    exact, fast = deep_network(), deep_network()
    recalibrate(exact, session.train_images, 32)
    recalibrate(fast, session.train_images, 32, FAST)
    assert_close(exact, fast)
    found = predict(fast, session.val, session.criterion, FAST)
    expected = predict(exact, session.val, session.criterion)
    torch.testing.assert_close(
        torch.from_numpy(found.logits_NK), torch.from_numpy(expected.logits_NK),
        rtol=1e-4, atol=1e-4,
    )  # fmt: skip


def test_what_is_stored_is_computed_in_float32(tmp_path, dataset):
    """Whatever the products of the study."""
    for mode, is_whole, expected in (
        ("fast", True, FAST), ("fast", False, EXACT), ("exact", True, EXACT),
    ):  # fmt: skip
        preset = tiny_preset(mode=mode, is_whole=is_whole, precision="bfloat16")
        session = open_session(tmp_path / f"{mode}-{is_whole}", preset, dataset, StopFlag())
        assert session.result_precision == expected
        assert session.precision.name == ("bfloat16" if mode == "fast" else "float32")


@pytest.mark.parametrize("scheme", ["Prune", "Quantize16", "FilterPrune", "PruneDirect"])
def test_a_study_in_fast_mode_ends_where_exact_mode_does(tmp_path, dataset, scheme):
    """Compression and fine-tuning, in float32: zeros are held, and losses are close."""
    losses = []
    for mode in ("exact", "fast"):
        preset = tiny_preset(scheme, "on", mode, is_whole=True, precision="float32")
        guard = preset.guard.model_copy(update={"finetune_epochs": 1})
        session = open_session(
            tmp_path / mode, preset.model_copy(update={"guard": guard}), dataset, StopFlag()
        )
        with session.log:
            theta, _ = compress(session, deep_network())
            zeros = {name: each == 0 for name, each in theta.named_parameters() if each.ndim > 1}
            tuned = finetune(session, theta)
        for name, zero in zeros.items():
            assert not tuned.get_parameter(name)[zero].any()
        losses.append(predict(tuned.float(), session.val, session.criterion).loss)
    assert abs(losses[0] - losses[1]) < 0.02


PRESET = """
name = "small"
[data]
card = "demo"
limit = 48
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 1
batch_size = 16
[compute]
mode = "fast"
[lc]
cycles = 2
steps = 1
batch_size = 16
[guard]
recalibrate_images = 16
[evaluate]
bootstrap = 20
"""


def test_the_measured_precision_is_that_of_the_study(tmp_path, monkeypatch):
    """It is measured once, written to the log, and read by the study's other runs."""
    monkeypatch.delenv(PRECISION_VARIABLE, raising=False)
    for module in ("run_precision", "provenance"):
        monkeypatch.setattr(f"medtui.engine.run.{module}.native_precision", lambda _: "bfloat16")
    measured = []

    def measure(*_: object) -> Measured:
        measured.append(1)
        return Measured(float32=0.010, bfloat16=0.012)

    monkeypatch.setattr(pipeline, "measure_precisions", measure)
    study, preset = StudyFolder(tmp_path / "study"), parse_preset(PRESET, "small")
    for run in (study.reference, study.run("prune-0.1")):
        run.path.mkdir(parents=True)
        with EventWriter(run.events) as log:
            pipeline.execute(run, preset, log, StopFlag(), RunStarted(1, "host", "cpu", threads=1))
        recorded = json.loads(run.provenance.read_text())["fingerprint"]
        assert recorded["precision"] == "float32"
        assert "compiler" not in recorded
    assert measured == [1]
    events = [record.event for record in EventTail(study.reference.events).read_all()]
    notes = [each.text for each in events if isinstance(each, Noted)]
    assert (
        "a training step takes 12 ms in bfloat16 and 10 ms in float32: fast mode computes in "
        "float32"
    ) in notes


def test_both_precisions_are_measured_on_the_studys_images(dataset):
    """Times are those of steps; on a processor without bfloat16 as well."""
    preset = parse_preset(PRESET, "small")
    found = measure_precisions(preset, dataset, tiny_network(), CPU)
    assert min(found.float32, found.bfloat16) > 0
    assert found.faster in {"float32", "bfloat16"}


def test_what_the_preset_asks_for_is_not_measured(tmp_path, monkeypatch):
    """So results of a repeated study do not depend on a measurement."""
    monkeypatch.setattr(pipeline, "measure_precisions", None)
    text = PRESET.replace('mode = "fast"\n', 'mode = "fast"\nprecision = "float32"\n')
    run, preset = StudyFolder(tmp_path / "study").reference, parse_preset(text, "small")
    run.path.mkdir(parents=True)
    with EventWriter(run.events) as log:
        pipeline.execute(run, preset, log, StopFlag(), RunStarted(1, "host", "cpu", threads=1))
    assert json.loads(run.provenance.read_text())["fingerprint"]["precision"] == "float32"


def test_precisions_of_a_study_crop_kernels_on_a_cpu():
    """A CUDA graph records the network's own parameters."""
    assert study_precision(CPU, "bfloat16") == Precision(
        torch.bfloat16, torch.channels_last, crops_kernels=True
    )
    assert not study_precision(torch.device("cuda"), "bfloat16").crops_kernels
    assert native_precision(CPU) in {"float32", "bfloat16"}
