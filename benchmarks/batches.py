"""Measure how fast train batches are made, compared with torchvision's transforms in a DataLoader.

`python -m benchmarks.batches CARD ROOT` prints the conditions with the results. All methods run
interleaved, and each makes augmented, normalised float32 batches of the same images.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import PIL
import torch
import torchvision
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import v2

from medtui.datasets.dataset import Dataset, open_dataset
from medtui.engine.run.device import choose_device, device_name
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import Images, TrainBatches, normalisation_of
from medtui.preset import DataSettings
from medtui.preset.augmenting import Augment

ROUNDS = 3
BATCH_SIZE = 128
NUM_WORKERS = 2

Batches = Iterable[tuple[Tensor, Tensor]]


def transforms_of(how: Augment, size: int, by: Normalisation) -> v2.Compose:
    """Return a card's augmentation as torchvision's transforms of single PIL images."""
    steps: list[Callable[..., object]] = [v2.Resize((size, size))]
    if how.flip_horizontal:
        steps.append(v2.RandomHorizontalFlip())
    if how.flip_vertical:
        steps.append(v2.RandomVerticalFlip())
    if how.rotation_degrees:
        steps.append(v2.RandomRotation(how.rotation_degrees, v2.InterpolationMode.BILINEAR))
    if how.brightness or how.contrast or how.saturation or how.hue:
        steps.append(v2.ColorJitter(how.brightness, how.contrast, how.saturation, how.hue))
    steps += [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    return v2.Compose([*steps, v2.Normalize(list(by.mean), list(by.std))])


class FromFiles(TorchDataset[tuple[Tensor, int]]):
    """The train split as from ImageFolder: every access decodes the image file."""

    def __init__(self, dataset: Dataset, root: Path) -> None:
        self.paths = [root / name for name in dataset.train.names]
        self.labels = dataset.train.labels
        self.mode = "L" if dataset.channels == 1 else "RGB"
        self.transform = transforms_of(dataset.augment, dataset.size, normalisation_of(dataset))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        with Image.open(self.paths[index]) as opened:
            return self.transform(opened.convert(self.mode)), self.labels[index]


class FromArrays(TorchDataset[tuple[Tensor, int]]):
    """The train split as decoded images in memory; only augmentation remains."""

    def __init__(self, dataset: Dataset) -> None:
        self.images = [
            Image.fromarray(image_HWC[..., 0] if image_HWC.shape[-1] == 1 else image_HWC)
            for image_HWC in dataset.train.images_NHWC
        ]
        self.labels = dataset.train.labels
        self.transform = transforms_of(dataset.augment, dataset.size, normalisation_of(dataset))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), self.labels[index]


def in_workers(images: TorchDataset[tuple[Tensor, int]]) -> Batches:
    """Return a DataLoader with persistent workers."""
    return DataLoader(
        images, BATCH_SIZE, shuffle=True, num_workers=NUM_WORKERS, persistent_workers=True,
        drop_last=True,
    )  # fmt: skip


def images_a_second(batches: Batches, device: torch.device) -> float:
    """Return the images per second of one pass, with the batches on the device."""
    count, began = 0, time.perf_counter()
    for images_NCHW, _ in batches:
        count += len(images_NCHW.to(device, non_blocking=True))
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return count / (time.perf_counter() - began)


def main(card: str, root: str, device_word: str = "auto") -> None:
    """Run the benchmark and print the results."""
    device = choose_device(device_word)
    dataset = open_dataset(DataSettings(card=card, root=root, split="patient"))
    images = Images(dataset.train, normalisation_of(dataset), device)
    on_device = TrainBatches(images, dataset.augment, batch_size=BATCH_SIZE, seed=0)
    ways: dict[str, Batches] = {"batches on the device": on_device}
    ways["PIL transforms of arrays"] = in_workers(FromArrays(dataset))
    if Path(root).is_dir():
        ways["PIL transforms of files"] = in_workers(FromFiles(dataset, Path(root)))
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for batches in ways.values():
        images_a_second(batches, device)  # starts workers and fills the page cache
    for _ in range(ROUNDS):
        for name, batches in ways.items():
            rates[name].append(images_a_second(batches, device))
    sys.stdout.write(_report(len(dataset.train.names), dataset, device, rates))


def _report(
    count: int, dataset: Dataset, device: torch.device, rates: dict[str, list[float]]
) -> str:
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    side, channels = dataset.size, dataset.channels
    ours = median(rates["batches on the device"])
    head = f"""\
{count:,} images, {side} x {side} x {channels}, batches of {BATCH_SIZE}, median of {ROUNDS} rounds
{device_name(device)}, {cores} cores, {torch.get_num_threads()} threads, load {load:.1f}
torch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}
DataLoaders with {NUM_WORKERS} workers
"""
    lines = [
        f"{name:<25} {median(each):10,.0f} images a second   1 : {ours / median(each):.1f}\n"
        for name, each in rates.items()
    ]
    return head + "".join(lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
