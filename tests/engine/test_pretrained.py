"""`model.init`: what other trainings' files give to a network, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from medtui.engine.preflight import forecast
from medtui.engine.run.pipeline import _train_reference
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training.network import build_network
from medtui.engine.training.pretrained import initialise
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.errors import MedtuiError
from medtui.preset import parse_preset
from medtui.preset.toml import DocumentError
from medtui.storage import digest_of_file
from tests.helpers.tiny_sessions import CutAfter, open_session, tiny_network, tiny_preset

State = dict[str, Tensor]


@cache
def pretrained(architecture: str = "shufflenet_v2_x0_5", channels: int = 3) -> State:
    """Return the state dict of a network with ten classes, as another training left it."""
    network = build_network(architecture, channels=channels, num_classes=10, seed=7)
    return dict(network.state_dict())


def numbered(state: State) -> State:
    """Return RadImageNet's names: `backbone.`, the children's numbers, and no head."""
    network = build_network("shufflenet_v2_x0_5", channels=3, num_classes=10, seed=0)
    children = {name: str(i) for i, (name, _) in enumerate(network.named_children())}
    split = {name: name.partition(".") for name in state if not name.startswith("fc.")}
    return {
        f"backbone.{children[child]}.{rest}": state[name]
        for name, (child, _, rest) in split.items()
    }


LAYOUTS: dict[str, Callable[[State], object]] = {
    "torchvision": lambda state: state,
    "parallel": lambda state: {f"module.{name}": each for name, each in state.items()},
    "checkpoint": lambda state: {
        "epoch": 3,
        "state_dict": {f"module.model.{name}": each for name, each in state.items()},
    },
    "radimagenet": numbered,
    "torchxrayvision": lambda state: (
        {f"model.{name}": each for name, each in state.items()} | {"op_threshs": torch.zeros(18)}
    ),
    "without-counters": lambda state: {
        name: each.half() if each.is_floating_point() else each
        for name, each in state.items()
        if "num_batches" not in name
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_are_found_below_every_wrapper(tmp_path, layout):
    """All but the layer of the classes is loaded; this one keeps the seed's random values."""
    state = pretrained()
    torch.save(LAYOUTS[layout](state), tmp_path / "weights.pth")
    network = build_network("shufflenet_v2_x0_5", channels=3, num_classes=2, seed=1)
    before = network.fc.weight.detach().clone()
    found = initialise(network, tmp_path / "weights.pth")
    loaded = network.state_dict()
    tolerance = 1e-3 if layout == "without-counters" else 0.0
    for name in (name for name in state if not name.startswith("fc.") and "num_b" not in name):
        assert torch.allclose(loaded[name], state[name], rtol=tolerance, atol=tolerance), name
    assert torch.equal(network.fc.weight, before)
    assert found.new == ["fc.weight", "fc.bias"]
    assert (found.num_loaded, found.num_tensors) == (found.num_tensors - 2, found.num_tensors)
    assert ("op_threshs" in found.unused) == (layout == "torchxrayvision")


def test_older_names_of_densenet_are_read(tmp_path):
    """Files of torchvision say `norm.1` for `norm1`; TorchXRayVision's have one channel."""
    state = pretrained("densenet121", 1)
    old = {
        name.replace("norm1", "norm.1").replace("norm2", "norm.2")
        .replace("conv1", "conv.1").replace("conv2", "conv.2"): each
        for name, each in state.items()
    }  # fmt: skip
    torch.save(old, tmp_path / "weights.pt")
    network = build_network("densenet121", channels=3, num_classes=2, seed=1)
    found = initialise(network, tmp_path / "weights.pt")
    assert found.new == ["classifier.weight", "classifier.bias"]
    assert found.adapted == "features.conv0.weight: 1 to 3 channels"


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 3)])
def test_a_grey_image_leaves_the_adapted_network_as_it_left_the_first(tmp_path, before, after):
    """The first convolution's output is that of the image in all of the file's channels."""
    torch.save(pretrained(channels=before), tmp_path / "weights.pt")
    first = build_network("shufflenet_v2_x0_5", channels=before, num_classes=10, seed=7)
    network = build_network("shufflenet_v2_x0_5", channels=after, num_classes=2, seed=1)
    initialise(network, tmp_path / "weights.pt")
    grey = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = first.conv1.eval()(grey.repeat(1, before, 1, 1))
    assert torch.allclose(network.conv1.eval()(grey.repeat(1, after, 1, 1)), expected, atol=1e-5)


def with_nan(state: State) -> State:
    """Return the weights with one that is not a number."""
    wrong = state["conv5.0.weight"].clone()
    wrong.view(-1)[0] = float("nan")
    return state | {"conv5.0.weight": wrong}


WRONG: dict[str, tuple[Callable[[State], object], str]] = {
    "deeper": (
        lambda state: state | {"stage2.4.branch2.0.weight": torch.zeros(4)},
        "of another architecture: it has 1 unknown tensor (stage2.4.branch2.0.weight)",
    ),
    "wider": (
        lambda state: state | {"conv5.0.weight": torch.zeros(1024, 96, 1, 1)},
        "has 1 other shape (conv5.0.weight is [1024, 96, 1, 1], not [1024, 192, 1, 1])",
    ),
    "shallower": (
        lambda state: {name: each for name, each in state.items() if "conv5" not in name},
        "it lacks 5 tensors (conv5.0.weight, conv5.1.weight, conv5.1.bias, and 2 more)",
    ),
    "other": (lambda _: {"stem.0.weight": torch.zeros(1)}, "of another architecture: it lacks"),
    "empty": (lambda _: {}, "of another architecture: it lacks"),
    "pickled": (lambda _: nn.Linear(2, 2), "pickled object (torch.nn.modules.linear.Linear)"),
    "nan": (with_nan, "(NaN or infinite) in conv5.0.weight"),
    "optimizer": (lambda _: {"optimizer": {"lr": 0.1}}, "is a checkpoint with optimizer"),
}


@pytest.mark.parametrize("case", WRONG)
def test_files_of_other_networks_are_refused_with_the_reason(tmp_path, case):
    """The message names the key, the file, and tensors with their shapes; nothing is loaded."""
    make, words = WRONG[case]
    torch.save(make(pretrained()), tmp_path / "weights.pt")
    network = build_network("shufflenet_v2_x0_5", channels=3, num_classes=2, seed=1)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    with pytest.raises(MedtuiError) as caught:
        initialise(network, tmp_path / "weights.pt")
    assert words in caught.value.message
    assert caught.value.message.startswith(f"`model.init`: {tmp_path}")
    assert caught.value.key == ("model", "init")
    assert caught.value.hint
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())


def test_a_dry_run_tells_what_a_start_takes(tmp_path):
    """The forecast has what is loaded and new; a missing file stops it."""
    text = (
        'schema = 2\nname = "t"\ndata.card = "demo"\ncompress.densities = [0.5]\n'
        f'[model]\narchitecture = "shufflenet_v2_x0_5"\ninit = "{tmp_path}/weights.pt"\n'
    )
    preset = parse_preset(text, "t")
    with pytest.raises(MedtuiError, match=r"`model.init`: .*No such file"):
        forecast(preset)
    torch.save(pretrained(channels=1), tmp_path / "weights.pt")
    found = forecast(preset).initial
    assert found is not None
    assert found.sentence == (
        "280 of 282 tensors loaded; adapted conv1.0.weight: 1 to 3 channels; new fc.weight, "
        "fc.bias; unused in the file fc.weight, fc.bias"
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[model]\ninit = "a.pt"\nweights = "b.pt"', "give one of the two"),
        ("[reference]\nfreeze_epochs = 1", "would freeze random weights"),
        ('[model]\ninit = "a.pt"\n[reference]\nepochs = 2\nfreeze_epochs = 3', "more than the 2"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(lines, words):
    """A start without weights has nothing to freeze, and a given reference has no start."""
    with pytest.raises(DocumentError, match=words):
        parse_preset(f'schema = 2\nname = "t"\ndata.card = "demo"\n{lines}\n', "t")


def trained(folder, dataset, stop, freeze_epochs=2) -> dict[str, Tensor]:
    """Return the tensors of a tiny network after three epochs, of which the first are frozen."""
    session = open_session(folder, tiny_preset(), dataset, stop, is_reference=True)
    plan = replace(
        TrainingPlan.of_reference(session.preset), freeze_epochs=freeze_epochs, is_last_kept=True
    )
    with session.log:
        model, _ = train(session, tiny_network(), plan)
    assert all(parameter.requires_grad for parameter in model.parameters())
    return dict(model.state_dict())


def test_frozen_epochs_train_the_head_alone_and_measure_statistics(tmp_path, dataset):
    """With all epochs frozen no other parameter moves, but BatchNorm's statistics do."""
    before = tiny_network().state_dict()
    frozen = trained(tmp_path / "all", dataset, StopFlag(), freeze_epochs=3)
    moved = {name for name in before if not torch.equal(before[name], frozen[name])}
    assert {name for name in moved if "running" not in name and "num_b" not in name} == {
        "10.weight", "10.bias",
    }  # fmt: skip
    assert {"1.running_mean", "4.running_var"} <= moved
    free = trained(tmp_path / "two", dataset, StopFlag())
    assert not torch.equal(free["0.weight"], before["0.weight"])


def test_a_cut_training_with_frozen_epochs_has_the_same_bits(tmp_path, dataset):
    """It is stopped in a frozen epoch, and in the one after them."""
    whole = trained(tmp_path / "whole", dataset, StopFlag())
    for looks in (2, 6):
        with pytest.raises(StopRequested):
            trained(tmp_path / "cut", dataset, CutAfter(looks=looks))
    cut = trained(tmp_path / "cut", dataset, StopFlag())
    assert all(torch.equal(cut[name], each) for name, each in whole.items())


def test_a_reference_starts_from_the_file_and_its_log_says_what_it_took(tmp_path, dataset):
    """With all epochs frozen its trunk is the file's; the log has the file's digest."""
    path = tmp_path / "weights.pt"
    torch.save(pretrained(), path)
    preset = tiny_preset()
    model = preset.model.model_copy(
        update={"architecture": "shufflenet_v2_x0_5", "init": str(path)}
    )
    reference = preset.reference.model_copy(update={"epochs": 1, "freeze_epochs": 1})
    preset = preset.model_copy(update={"model": model, "reference": reference})
    session = open_session(tmp_path / "run", preset, dataset, StopFlag(), is_reference=True)
    with session.log:
        trained_model, epoch, epochs = _train_reference(session)
    assert (epoch, epochs) == (1, 1)
    trunk = [name for name, _ in trained_model.named_parameters() if not name.startswith("fc.")]
    state = trained_model.state_dict()
    assert all(torch.equal(state[name], pretrained()[name]) for name in trunk)
    log = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8")
    assert f"sha256 {digest_of_file(path).sha256}" in log
    assert "280 of 282 tensors loaded" in log
