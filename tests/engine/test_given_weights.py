"""`model.weights`: what does not fit the network is named before a study starts."""

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import torchvision  # noqa: F401 - pickled networks name its classes
from torch import nn

from medtui.engine.preflight import forecast
from medtui.engine.training.given_weights import load_weights
from medtui.engine.training.network import build_network
from medtui.errors import MedtuiError
from medtui.preset import parse_preset


def small_network(num_classes: int = 2, seed: int = 0) -> nn.Module:
    """Return the smallest network of torchvision."""
    return build_network("squeezenet1_1", channels=3, num_classes=num_classes, seed=seed)


def with_nan(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state dict with one weight that is not a number."""
    name = next(iter(state))
    state[name].view(-1)[3] = float("nan")
    return state


CASES = {
    "other-classes": (
        lambda: small_network(5).state_dict(),
        2,
        "classifier.1.weight is [5, 512, 1, 1], not [2, 512, 1, 1]",
    ),
    "parallel": (
        lambda: {f"module.{name}": each for name, each in small_network().state_dict().items()},
        2,
        (
            "begin with module. (module.features.0.weight, module.features.0.bias, "
            "module.features.3.squeeze.weight, and 49 more): it was saved from DataParallel"
        ),
    ),
    "checkpoint": (
        lambda: {"epoch": 3, "state_dict": small_network().state_dict()},
        2,
        "is a checkpoint with epoch, state_dict",
    ),
    "pickled": (small_network, 2, "pickled object (torchvision.models.squeezenet.SqueezeNet)"),
    "list": (lambda: [torch.zeros(2)], 2, "contains a list, not a state dict"),
    "number": (lambda: {"features.0.weight": 1.5}, 2, "has a float in place of the tensor"),
    "other-network": (
        lambda: {"conv1.weight": torch.zeros(1)},
        2,
        (
            "lacks 52 tensors (features.0.weight, features.0.bias, features.3.squeeze.weight, "
            "and 49 more), has 1 unknown tensor (conv1.weight)"
        ),
    ),
    "nan": (lambda: with_nan(small_network().state_dict()), 2, "(NaN or infinite) in features.0"),
    "empty": (dict, 2, "lacks 52 tensors"),
}


@pytest.mark.parametrize("case", CASES)
def test_weights_that_do_not_fit_are_refused_with_names_and_shapes(tmp_path, case):
    """The message names the file, the tensors, and their shapes, and the preset's key."""
    make, exit_code, words = CASES[case]
    path = tmp_path / "weights.pt"
    torch.save(make(), path)
    with pytest.raises(MedtuiError) as caught:
        load_weights(small_network(), path)
    assert words in caught.value.message
    assert str(path) in caught.value.message
    assert (caught.value.exit_code, caught.value.key) == (exit_code, ("model", "weights"))
    assert caught.value.hint


def make_nothing(path: Path) -> None:
    """Leave no file at the path."""
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "exit_code", "words"),
    [
        (make_nothing, 3, "No such file"),
        (Path.mkdir, 3, "a folder, not a file"),
        (os.mkfifo, 3, "a named pipe, not a file"),
        (lambda path: path.write_bytes(b""), 2, "could not be loaded"),
        (lambda path: path.write_bytes(b"not a model" * 99), 2, "is not a file of torch.save"),
    ],
    ids=["missing", "folder", "pipe", "empty", "text"],
)
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_files_that_cannot_be_loaded_are_named(tmp_path, make, exit_code, words, suffix):
    """A missing file may come later, so the exit code is 3; another content is 2."""
    path = tmp_path / f"weights.{suffix}"
    make(path)
    with pytest.raises(MedtuiError) as caught:
        load_weights(small_network(), path)
    assert str(path) in caught.value.message
    assert caught.value.exit_code == exit_code
    if exit_code == 3 or suffix == "pt":
        assert words in caught.value.message


def test_fitting_weights_are_loaded_from_both_formats(tmp_path):
    """Versions of layers are kept, and batch counters may be missing, as torch allows."""
    state = build_network("mnasnet0_5", channels=3, num_classes=2, seed=1).state_dict()
    torch.save(state, tmp_path / "own.pt")
    other = OrderedDict(
        (name, tensor)
        for name, tensor in build_network(
            "shufflenet_v2_x0_5", channels=3, num_classes=2, seed=1
        ).state_dict().items()
        if not name.endswith("num_batches_tracked")
    )  # fmt: skip
    safetensors.torch.save_file(other, tmp_path / "own.safetensors")
    for architecture, path, expected in (
        ("mnasnet0_5", tmp_path / "own.pt", state),
        ("shufflenet_v2_x0_5", tmp_path / "own.safetensors", other),
    ):
        network = build_network(architecture, channels=3, num_classes=2, seed=0)
        load_weights(network, path)
        loaded = network.state_dict()
        assert all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())


def test_a_dry_run_opens_the_weights(tmp_path):
    """They are tried before anything starts, and only on a copy: forecasts stay the same."""
    text = (
        'name = "t"\ndata.card = "demo"\ncompress.densities = [0.5]\n'
        f'[model]\narchitecture = "squeezenet1_1"\nweights = "{tmp_path}/weights.pt"\n'
    )
    preset = parse_preset(text, "t")
    with pytest.raises(MedtuiError, match="No such file"):
        forecast(preset)
    torch.save(small_network(seed=7).state_dict(), tmp_path / "weights.pt")
    blank = preset.model_copy(update={"model": preset.model.model_copy(update={"weights": ""})})
    assert forecast(preset).cells == forecast(blank).cells
