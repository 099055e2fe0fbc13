"""What a worker and a preflight import: neither the compiler of torch nor what it stands on."""

import hashlib
import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from medtui.engine.export import loaded_run
from medtui.engine.training.classifiers import builder_of
from medtui.engine.training.network import build_network
from medtui.engine.training.sgd import Sgd
from medtui.jobs.planning import plan_runs
from medtui.preset import parse_preset
from medtui.runs.runs_dir import create_study
from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny_sessions import tiny_network

COSTLY = {"torch._dynamo", "torch._inductor", "sympy", "torchvision", "torch_pruning", "sklearn"}
"""Modules that take more than a CPU second together, and that no exact run needs."""

PRESET = """
name = "imports"
[data]
card = "demo"
limit = 48
[reference]
epochs = 1
batch_size = 16
[compress]
schemes = ["Prune"]
densities = [0.3]
[lc]
cycles = 2
steps = 1
batch_size = 16
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
threads = 1
reference_threads = 1
"""

WORKERS = """
import json
import sys
import medtui.worker
for folder in sys.argv[1:]:
    sys.argv[1:] = [folder]
    assert medtui.worker.main() == 0
print(json.dumps(list(sys.modules)))
"""


def printed_by(code: str, *arguments: str) -> set[str]:
    """Return the JSON list that `code` prints last, as a set."""
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_a_worker_that_trains_and_compresses_exactly_does_not_import_the_compiler(tmp_path):
    """Reference, L-C and fine-tuning of a ResNet-18, all in exact mode."""
    study = create_study(tmp_path, "imports")
    study.preset.write_text(PRESET, encoding="utf-8")
    runs = plan_runs(study, parse_preset(PRESET, "imports"))
    imported = printed_by(WORKERS, *(str(run.path) for run in runs))
    assert all(run.result.exists() for run in runs)
    assert {"torch", "medtui.metrics.curve"} <= imported, "it computed metrics, too"
    assert not COSTLY & imported


def test_a_preflight_imports_no_costly_module_at_start():
    """Statistics wait for the first metric."""
    code = "import json, sys, medtui.engine.preflight; print(json.dumps(list(sys.modules)))"
    assert not (COSTLY | {"scipy"}) & printed_by(code)


BUILD = """
import json, sys
from medtui.engine.training.network import build_network
built = [build_network(name, channels=3, num_classes=3, seed=4) for name in sys.argv[1:]]
assert not {"torchvision", "torch._dynamo"} & sys.modules.keys()
from tests.engine.test_worker_imports import digest_of
print(json.dumps([digest_of(network) for network in built]))
"""

NETWORKS = ("resnet18", "squeezenet1_1", "googlenet")


def digest_of(network: nn.Module) -> str:
    """Return a digest of the names and bits of a network's tensors."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def test_networks_are_torchvisions_own_bit_for_bit():
    """The same names and initial weights with and without the rest of torchvision."""
    from torchvision import models

    expected = set[str]()
    for name in NETWORKS:
        torch.manual_seed(4)
        more = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
        expected.add(digest_of(models.get_model(name, num_classes=3, **more)))
    assert printed_by(BUILD, *NETWORKS) == expected
    assert len(expected) == len(NETWORKS)


def test_networks_with_operators_of_torchvision_and_unknown_ones():
    """The first are built by torchvision as a whole; the second do not exist."""
    assert builder_of("mobilenet_v3_small") is not None
    assert builder_of("fcn_resnet50") is None
    assert builder_of("resnet19") is None


@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.9, 1e-3), (0.0, 0.0), (0.5, 0.0)])
def test_sgd_equals_that_of_torch_bit_for_bit(momentum, weight_decay):
    """With a learning rate that changes, and a parameter that has no gradient at first."""
    ours, theirs = tiny_network(), tiny_network()
    optimizer = Sgd(ours.parameters(), momentum=momentum, weight_decay=weight_decay)
    stock = torch.optim.SGD(
        theirs.parameters(), lr=1.0, momentum=momentum, weight_decay=weight_decay,
        nesterov=momentum > 0,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    for step in range(4):
        lr = 0.1 / (step + 1)
        stock.param_groups[0]["lr"] = lr
        for row, pair in enumerate(zip(ours.parameters(), theirs.parameters(), strict=True)):
            gradient = torch.randn(pair[0].shape, generator=generator)
            for parameter in pair:
                parameter.grad = None if step == row == 0 else gradient.clone()
        optimizer.step(lr)
        stock.step()
        assert_same(ours, theirs)
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in ours.parameters())
    for parameter, mine in zip(theirs.parameters(), optimizer.momenta, strict=True):
        their = stock.state[parameter].get("momentum_buffer")
        assert (mine is None) == (their is None)
        assert mine is None or mine.equal(their)


def assert_same(first: nn.Module, second: nn.Module) -> None:
    """Fail unless two networks have the same tensors."""
    for ours, theirs in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert ours.equal(theirs)


def test_exports_name_the_classes_of_torchvision():
    """Graphs hold the names of the layers' classes, which torchvision as a whole must supply."""
    assert loaded_run.torchvision.models
    network = build_network("squeezenet1_1", channels=3, num_classes=2, seed=0)
    assert type(network).__module__ == "torchvision.models.squeezenet"
