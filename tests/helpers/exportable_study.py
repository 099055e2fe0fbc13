"""A study whose models can be exported: written by the engine's own last step, without training."""

from pathlib import Path

import torch
from torch import nn

from medtui.datasets.dataset import Dataset, open_dataset
from medtui.engine.pruning.channel_groups import ChannelGraph
from medtui.engine.run.checkpoint import CheckpointStore
from medtui.engine.run.finalize import finalize
from medtui.engine.run.result_content import TrainedModel
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.augmentation import normalise
from medtui.engine.training.batches import Images, normalisation_of
from medtui.engine.training.evaluation import recalibrate
from medtui.engine.training.network import build_network, named_layers
from medtui.preset import dump_preset, expand_grid, parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter

PRESET = """
name = "small"
[data]
card = "demo"
limit = 40
size = 24
[compress]
schemes = ["FilterPrune", "Prune", "Quantize16", "Quantize32"]
densities = [0.5]
[evaluate]
bootstrap = 10
[machine]
device = "cpu"
reference_threads = 1
"""

IMAGE = (3, 24, 24)
NUM_IMAGES = 40

SPOILED = "quantize32"
"""A run that answers well, and that int8 cannot hold."""


def write_study(runs_dir: Path) -> StudyFolder:
    """Write a study of ResNet-18s whose last layer alone knows the val images; one run is not over.

    Half of the filters of `filterprune-0.5` are empty, half of the weights of `prune-0.5`;
    `quantize16` is in half precision.
    """
    study = StudyFolder(runs_dir / "small")
    text = dump_preset(parse_preset(PRESET, "small"))
    dataset = open_dataset(parse_preset(text, "small").data)
    models = {
        "reference": learned(worn_network(), dataset),
        "filterprune-0.5": learned(half_empty(worn_network()), dataset),
        "prune-0.5": learned(sparse(worn_network()), dataset),
        "quantize16": learned(worn_network(), dataset).half(),
        SPOILED: spoiled(learned(worn_network(), dataset)),
    }
    for name in (*models, "unfinished"):
        study.run(name).path.mkdir(parents=True)
        study.run(name).preset.write_text(text)
    study.preset.write_text(text)
    for name, model in models.items():
        finish(study.run(name), model, dataset)
    return study


def finish(run: RunFolder, model: nn.Module, dataset: Dataset) -> None:
    """Measure and write a run as a worker does when its training is over."""
    preset = parse_preset(run.preset.read_text(), run.name)
    cells = {cell.slug: cell for cell in expand_grid(preset)}
    with EventWriter(run.events) as log:
        session = Session(
            run, preset, cells.get(run.name), torch.device("cpu"), dataset, log, StopFlag(),
            CheckpointStore(run.checkpoint),
        )  # fmt: skip
        finalize(session, TrainedModel(model, 0, 1, 1.0))


def worn_network(channels: int = 3, num_classes: int = 2) -> nn.Module:
    """Return a ResNet-18 whose BatchNorms are as uneven as trained ones."""
    network = build_network("resnet18", channels=channels, num_classes=num_classes, seed=0)
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
    return network.eval()


@torch.no_grad()
def half_empty(network: nn.Module, image_shape: tuple[int, int, int] = IMAGE) -> nn.Module:
    """Empty about half of the channels of every coupled group, and in its BatchNorms."""
    rng = torch.Generator().manual_seed(2)
    for group in ChannelGraph(network, image_shape).groups:
        dead = torch.rand(group.size, generator=rng) < 0.5
        for member in (*group.layers, *group.norms):
            module = network.get_submodule(member.name)
            own = member.to_layer(dead, len(module.weight))
            module.weight[own] = 0
            if module.bias is not None:
                module.bias[own] = 0
    return network


@torch.no_grad()
def sparse(network: nn.Module) -> nn.Module:
    """Multiply the smaller half of each layer's weights by 0, which leaves zeros of both signs."""
    for layer in named_layers(network).values():
        weight = layer.weight
        weight *= weight.abs() > weight.abs().median()
    return network


@torch.no_grad()
def learned(network: nn.Module, dataset: Dataset) -> nn.Module:
    """Measure BatchNorm on the val images and fit the last layer to them, by ridge regression."""
    recalibrate(network, val_images(dataset), NUM_IMAGES)
    network.eval()
    last, network.fc = network.fc, nn.Identity()
    inputs = val_images(dataset)
    features_NF = network(normalise(inputs.pixels_NCHW, inputs.by))
    network.fc = last
    targets_NK = torch.eye(2)[torch.from_numpy(dataset.val.labels)] * 4 - 2
    ridge_NN = features_NF @ features_NF.T + torch.eye(len(features_NF))
    last.weight.copy_((features_NF.T @ torch.linalg.solve(ridge_NN, targets_NK)).T)
    last.bias.zero_()
    return network


@torch.no_grad()
def spoiled(network: nn.Module) -> nn.Module:
    """Let a feature that nothing reads be so large that int8 sees the others as 0."""
    network.layer4[1].bn2.bias[0] += 2000
    network.fc.weight[:, 0] = 0
    return network


def val_images(dataset: Dataset) -> Images:
    """Return the val images."""
    return Images(dataset.val, normalisation_of(dataset), torch.device("cpu"))
