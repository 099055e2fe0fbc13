"""Stock Condensa as in its examples: ImageFolder, PIL transforms, DataLoader and its own L-C.

One change: `condensa.util.cnn_statistics` computes top-5 accuracy and fails on two classes, so its
loop is repeated here with top-1 accuracy.
"""

from pathlib import Path
from typing import Any

import condensa
import condensa.opt
import condensa.schemes
import torch
from condensa.util import AverageMeter, accuracy
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.engine_ablation.workload import AUGMENT, BY, DENSITY, Counted, ImageCounts, Workload


def compress_files(work: Workload, folder: Path, counts: ImageCounts) -> nn.Module:
    """Run stock L-C on PNG files; return w."""
    torch.manual_seed(0)
    train = Counted(_loader(work, folder / "train", is_training=True), counts, is_training=True)
    val, test = (Counted(_loader(work, folder / split), counts) for split in ("val", "test"))
    return _compress(work, train, val, test, train_in_order=Counted(train.batches, counts))


def compress_arrays(work: Workload, counts: ImageCounts, l_optimizer: Any = None) -> nn.Module:  # noqa: ANN401 - a class as Condensa takes it
    """Run stock L-C on medtui's batches, with its own or another optimiser; return w."""
    batch_size = work.plan.batch_size
    train_in_order, val, test = (
        work.evaluation_batches(split, counts, batch_size) for split in ("train", "val", "test")
    )
    train = work.train_batches(counts)
    return _compress(work, train, val, test, train_in_order, l_optimizer)


def _compress(
    work: Workload,
    train: Counted,
    val: Counted,
    test: Counted,
    train_in_order: Counted,
    l_optimizer: Any = None,  # noqa: ANN401 - a class as Condensa takes it
) -> nn.Module:
    def statistics(model: Any, criterion: Any, loader: Any) -> tuple[float, dict[str, float]]:  # noqa: ANN401 - as Condensa calls it
        measured = train_in_order if loader is train else loader
        return _statistics(model, criterion, measured, work.device)

    w = work.network()
    engine = condensa.opt.LC(
        **work.hyper_parameters(),
        l_optimizer=l_optimizer,
        debugging_flags={"custom_model_statistics": statistics},
    )
    scheme = condensa.schemes.Prune(DENSITY)
    condensa.Compressor(engine, scheme, w, train, test, val, work.criterion).run()
    return w


def _statistics(
    model: nn.Module, criterion: nn.Module, loader: Counted, device: torch.device
) -> tuple[float, dict[str, float]]:
    """Return loss and accuracy as `condensa.util.cnn_statistics` computes them."""
    losses, top1 = AverageMeter(), AverageMeter()
    model.eval()
    with torch.no_grad():
        for inputs, targets in loader:
            inputs, targets = inputs.to(device), targets.to(device)  # noqa: PLW2901
            output = model(inputs)
            losses.update(criterion(output, targets).item(), inputs.size(0))
            top1.update(accuracy(output, targets)[0].item(), inputs.size(0))
    return losses.avg, {"top1": top1.avg}


def _loader(work: Workload, folder: Path, *, is_training: bool = False) -> Any:  # noqa: ANN401 - a DataLoader of untyped torchvision
    """Return a loader that decodes, resizes, augments and normalises each image alone."""
    size = work.plan.size
    changes = [
        transforms.RandomHorizontalFlip(),
        transforms.RandomVerticalFlip(),
        transforms.RandomRotation(AUGMENT.rotation_degrees),
        transforms.ColorJitter(
            AUGMENT.brightness, AUGMENT.contrast, AUGMENT.saturation, AUGMENT.hue
        ),
    ]
    steps = [
        transforms.Resize((size, size)),
        *(changes if is_training else []),
        transforms.ToTensor(),
        transforms.Normalize(BY.mean, BY.std),
    ]
    return DataLoader(
        ImageFolder(str(folder), transforms.Compose(steps)),
        batch_size=work.plan.batch_size,
        shuffle=is_training,
        num_workers=work.plan.workers,
        pin_memory=work.device.type == "cuda",
    )
