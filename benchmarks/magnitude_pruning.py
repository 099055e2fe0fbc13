"""Measure the accuracy and AUROC that Torch-Pruning's magnitude pruner reaches at a run's size.

RUN is the folder of a finished run with grouped pruning. Its reference is pruned at once to the
run's multiply-adds, then trained for as many updates with the same images, learning rates and
momentum, in float32. Run it from the repository:

    python -m benchmarks.magnitude_pruning RUN [--seed N] [--out FOLDER]

FOLDER gets the predictions (`predictions.npz`) and what is printed (`measured.json`).
"""

import argparse
import json
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
import torch_pruning
from torch import nn

from medtui.datasets.dataset import Dataset, open_dataset
from medtui.engine.lc.state import Criterion
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.run.load_run import finished_result, load_network, preset_of
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches, normalisation_of
from medtui.engine.training.evaluation import predict, recalibrate
from medtui.engine.training.loss import criterion_of
from medtui.engine.training.trainer import TrainingPlan
from medtui.metrics import reported_metrics
from medtui.preset import Preset
from medtui.protocol.model_size import Size
from medtui.runs.folder import RunFolder
from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
    read_predictions,
)

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
    network: nn.Module, dataset: Dataset, images: Images, criterion: Criterion, run: RunPredictions
) -> RunPredictions:
    """Return the predictions of val and test, after recalibrating BatchNorm."""
    recalibrate(network, images, 2048)
    splits = {}
    for name, part in (("val", dataset.val), ("test", dataset.test)):
        batches = EvaluationBatches(Images(part, images.by, CPU), 256)
        stored, found = run.splits[name], predict(network, batches, criterion)
        assert (found.labels == stored.labels).all(), f"{name} is not the run's"
        splits[name] = SplitPredictions(
            stored.names, stored.patients, stored.labels, found.logits_NK, stored.mask
        )
    return replace(run, splits=splits)


def main() -> None:
    """Prune, train and evaluate; print one result per line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="of data order and augmentation")
    parser.add_argument("--out", type=Path)
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
    began = time.process_time()
    updates = train(pruned, preset, batches, criterion)
    seconds = time.process_time() - began
    print(f"{size.macs:,} MACs, {size.num_parameters:,} parameters, {updates} updates")
    print({layer.name: layer.num_structures for layer in size.layers})
    predictions = evaluate(pruned, dataset, images, criterion, read_predictions(run.predictions))
    measured = {
        "macs": size.macs, "parameters": size.num_parameters, "updates": updates,
        "training CPU seconds": seconds,
    }  # fmt: skip
    for split in predictions.splits:
        scores = predictions.scores(split)
        for metric in reported_metrics(scores.task):
            if metric.name in ("accuracy", "auroc"):
                measured[f"{split} {metric.name}"] = metric.compute(scores)
    for name, value in measured.items():
        print(f"{name}: {value}")
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "predictions.npz").write_bytes(pack_predictions(predictions))
        text = json.dumps(measured, indent=2)
        (arguments.out / "measured.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
