"""Random images in the shape of a data set's, whose batches take as long as its own."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medtui.datasets.dataset import SplitData
from medtui.datasets.summary import DatasetSummary
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import Images, TrainBatches


class NoiseData:
    """Random images, batches and the loss of a data set's shape, on a device."""

    def __init__(self, survey: DatasetSummary, device: torch.device) -> None:
        self.survey = survey
        self.device = device

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return (self.survey.channels, self.survey.size, self.survey.size)

    def batches(self, batch_size: int) -> TrainBatches:
        """Return augmented train batches; an epoch is one batch."""
        how = self.survey.card.augment
        return TrainBatches(self.images(batch_size), how, batch_size=batch_size, seed=0)

    def endless(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield augmented batches without end."""
        batches = self.batches(batch_size)
        while True:
            yield from batches

    def criterion(self, logits_NK: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of the data set's task."""
        if self.survey.task == "multi":
            return F.binary_cross_entropy_with_logits(logits_NK, labels)
        return F.cross_entropy(logits_NK, labels)

    def images(self, num_images: int) -> Images:
        """Return random images with labels, on the device."""
        channels = self.survey.channels
        by = Normalisation((0.5,) * channels, (0.25,) * channels)
        return Images(self.part(num_images), by, self.device)

    def part(self, num_images: int) -> SplitData:
        """Return random images, each of a different patient."""
        survey, random = self.survey, np.random.default_rng(0)
        size = (num_images, survey.size, survey.size, survey.channels)
        names = [str(number) for number in range(num_images)]
        num_classes = len(survey.classes)
        labels = (
            random.integers(0, 2, (num_images, num_classes)).astype(np.uint8)
            if survey.task == "multi"
            else np.arange(num_images, dtype=np.int64) % num_classes
        )
        return SplitData(random.integers(0, 256, size, np.uint8), labels, names, names)
