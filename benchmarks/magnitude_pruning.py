"""Measure the accuracy and AUROC that Torch-Pruning's magnitude pruner reaches at a run's size.

RUN is the folder of a finished run with grouped pruning. Its reference is pruned at once to the
run's multiply-adds, then trained for as many updates with the same images, learning rates and
momentum. Run it from the repository:

    python -m benchmarks.magnitude_pruning RUN [--seed N]
"""

import argparse
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import torch
import torch_pruning
from torch import nn

from medtui.datasets.dataset import Dataset, open_dataset
from medtui.engine.lc.state import Criterion
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.run.load_run import finished_result, load_network, preset_of
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches, normalisation_of
from medtui.engine.training.evaluation import Evaluator, recalibrate
from medtui.engine.training.loss import criterion_of
from medtui.engine.training.trainer import TrainingPlan
from medtui.preset import Preset
from medtui.protocol.model_size import Size
from medtui.runs.folder import RunFolder

CPU = torch.device("cpu")


def prune(network: nn.Module, ratio: float, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return a copy without this share of the channels, ranked over all layers except the last."""
    copy = deepcopy(network).eval().requires_grad_()
    outputs = [module for module in copy.modules() if isinstance(module, nn.Linear)][-1:]
    torch_pruning.pruner.BasePruner(
        copy,
        torch.zeros(1, *image_shape),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=ratio,
        max_pruning_ratio=0.95,
        global_pruning=True,
        ignored_layers=outputs,
    ).step()
    return copy


def prune_to(network: nn.Module, macs: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return the largest network of at most `macs` multiply-adds, by bisection of the ratio."""
    low, high = 0.0, 1.0
    found = prune(network, high, image_shape)
    for _ in range(9):
        ratio = (low + high) / 2
        pruned = prune(network, ratio, image_shape)
        if count(pruned, image_shape).macs > macs:
            low = ratio
        else:
            high, found = ratio, pruned
    return found


def count(network: nn.Module, image_shape: tuple[int, int, int]) -> Size:
    """Return a network's size."""
    return measure_size(network, channels=image_shape[0], side=image_shape[1])


def learning_rates(preset: Preset, steps_per_epoch: int) -> Iterator[float]:
    """Yield the learning rates of the run's updates: of each L step, then of fine-tuning."""
    lc = preset.lc
    for cycle in range(1, lc.cycles):
        steps = (lc.first_steps or lc.steps) if cycle == 1 else lc.steps
        for step in range(steps):
            yield lc.lr * (lc.lr_end / lc.lr) ** (step / max(1, steps - 1))
    plan = TrainingPlan.of_finetuning(preset)
    for step in range(plan.epochs * steps_per_epoch):
        yield plan.learning_rate(step, steps_per_epoch)


def train(network: nn.Module, preset: Preset, batches: TrainBatches, criterion: Criterion) -> int:
    """Train as the run did, without L-C; return the number of updates."""
    optimiser = torch.optim.SGD(
        network.parameters(), lr=preset.lc.lr, momentum=preset.lc.momentum, nesterov=True
    )
    network.train()
    source, updates = iter(batches), 0
    for lr in learning_rates(preset, len(batches)):
        batch = next(source, None)
        if batch is None:
            source = iter(batches)
            batch = next(source)
        inputs, targets = batch
        for group in optimiser.param_groups:
            group["lr"] = lr
        optimiser.zero_grad()
        torch.autograd.backward(criterion(network(inputs), targets))
        optimiser.step()
        updates += 1
    return updates


def evaluate(
    network: nn.Module, dataset: Dataset, images: Images, criterion: Criterion
) -> dict[str, float | None]:
    """Return accuracy and AUROC on val and test, after recalibrating BatchNorm."""
    recalibrate(network, images, 2048)
    val, test = (
        EvaluationBatches(Images(part, images.by, CPU), 256) for part in (dataset.val, dataset.test)
    )
    evaluator = Evaluator(dataset.task, CPU, val)
    found: dict[str, float | None] = {}
    for name, batches in (("val", val), ("test", test)):
        _, metrics = evaluator(network, criterion, batches)
        found |= {f"{name} {metric}": metrics[metric] for metric in ("accuracy", "auroc")}
    return found


def main() -> None:
    """Prune, train and evaluate; print one result per line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="of data order and augmentation")
    arguments = parser.parse_args()
    run = RunFolder(arguments.run)
    torch.set_num_threads(1)
    preset, result = preset_of(run), finished_result(run)
    shape = result.image_shape
    if shape is None or result.shrinkage is None:
        parser.error(f"{run.path} is not a finished grouped run")
    network = load_network(run.study.reference, preset, result)
    dataset = open_dataset(preset.data)
    images = Images(dataset.train, normalisation_of(dataset), CPU)
    criterion = criterion_of(dataset, CPU)
    pruned = prune_to(network, result.shrinkage.size.macs, shape)
    size = count(pruned, shape)
    batches = TrainBatches(
        images, dataset.augment, batch_size=preset.lc.batch_size, seed=arguments.seed
    )
    updates = train(pruned, preset, batches, criterion)
    print(f"{size.macs:,} MACs, {size.num_parameters:,} parameters, {updates} updates")
    print({layer.name: layer.num_structures for layer in size.layers})
    for name, value in evaluate(pruned, dataset, images, criterion).items():
        print(f"{name}: {value:.4f}")


if __name__ == "__main__":
    main()
