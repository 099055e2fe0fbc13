"""Minibatches that are made on the device, which holds a split's images as uint8.

Condensa accepts any iterable of (inputs, targets). Order and augmentation are functions of
(seed, epoch, position), so a resumed run sees exactly the batches of an uninterrupted one.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from medtui.datasets.dataset import Dataset, SplitData
from medtui.engine.run.device import generator, upload
from medtui.engine.training.augmentation import Normalisation, normalise, transform
from medtui.engine.training.augmentation_draws import Draws, draw
from medtui.engine.training.recording import Recorded, Recorder
from medtui.preset.augmenting import Augment

_ORDER, _AUGMENT = 0, 1

_DRAWN_AHEAD = 64
"""Batches whose augmentation is drawn, and on a GPU copied, at once."""


class Images:
    """A split's images and labels on a device."""

    def __init__(self, part: SplitData, by: Normalisation, device: torch.device) -> None:
        images_NHWC = torch.from_numpy(part.images_NHWC)
        self.pixels_NCHW = images_NHWC.permute(0, 3, 1, 2).contiguous().to(device)
        """uint8, (N, C, H, W)."""
        self.labels = _targets(part).to(device)
        """int64 (N,), or float32 (N, K) for multi-label, NaN where a label is unknown."""
        self.mask = part.mask
        """Whether each label is known; None where all are."""
        self.by = by

    def __len__(self) -> int:
        return len(self.pixels_NCHW)

    @cached_property
    def host_labels(self) -> npt.NDArray[np.int64]:
        """The labels on the host, copied once: int64, zeros where they are unknown."""
        labels = self.labels.cpu().numpy()
        known = labels if self.mask is None else np.where(self.mask, labels, 0)
        return known.astype(np.int64)

    @cached_property
    def known(self) -> Tensor | None:
        """The mask on the device, copied once."""
        if self.mask is None:
            return None
        return torch.from_numpy(self.mask).to(self.labels.device)


def _targets(part: SplitData) -> Tensor:
    """Return the labels; NaN marks unknown ones, since Condensa passes no third tensor."""
    labels = torch.from_numpy(part.labels)
    if labels.ndim == 1:
        return labels
    labels_NK = labels.float()
    if part.mask is not None:
        labels_NK[torch.from_numpy(~part.mask)] = torch.nan
    return labels_NK


class EvaluationBatches:
    """All images in order, normalised, in batches of `batch_size`; the last may be smaller."""

    def __init__(self, images: Images, batch_size: int) -> None:
        self.images = images
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.images) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self.images), self.batch_size):
            rows = slice(start, start + self.batch_size)
            pixels = self.images.pixels_NCHW[rows]
            yield normalise(pixels, self.images.by), self.images.labels[rows]


class TrainBatches:
    """Shuffled, augmented batches of equal size, epoch after epoch.

    A new `iter` continues where the last one stopped, so that an epoch contains every image once,
    however many L steps it spans. The incomplete last batch of an epoch is dropped; a split that is
    smaller than a batch is one batch.
    """

    def __init__(
        self, images: Images, how: Augment, *, batch_size: int, seed: int,
        recorder: Recorder | None = None,
    ) -> None:  # fmt: skip
        """Take images; with a recorder a batch is made by one CUDA graph."""
        self.images = images
        self.batch_size = min(batch_size, len(images))
        self.epoch = 0
        """The current epoch, or the one that the next `iter` begins."""
        self.position = 0
        """Number of batches of that epoch that were returned."""
        self._how = how
        self._seed = seed
        self._recorded = recorder and Recorded("Augmentation", self._transform, recorder)
        self._order: tuple[int, Tensor] | None = None
        """The latest epoch whose order was drawn, and that order on the device."""
        self._draws: tuple[int, int, Draws] | None = None
        """Epoch and first position of the batches that are drawn, and what was drawn."""

    def __len__(self) -> int:
        return len(self.images) // self.batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        epoch, first = self.epoch, self.position
        order = self._order_of(epoch)
        for position in range(first, len(self)):
            rows = order[position * self.batch_size : (position + 1) * self.batch_size]
            self.position = position + 1
            yield self._batch(rows, epoch, position)
        self.begin_epoch(epoch + 1)

    def begin_epoch(self, epoch: int, position: int = 0) -> None:
        """Set the epoch and the batch with which the next `iter` begins."""
        self.epoch, self.position = epoch, position

    def _batch(self, rows: Tensor, epoch: int, position: int) -> tuple[Tensor, Tensor]:
        pixels = self.images.pixels_NCHW[rows]
        packed_NF = self._draws_of(epoch, position).packed_NF
        made = (self._recorded or self._transform)(pixels, packed_NF)
        return made, self.images.labels[rows]

    def _transform(self, pixels_NCHW: Tensor, packed_NF: Tensor) -> Tensor:
        assert self._draws is not None, "drawn before"
        drawn = replace(self._draws[2], packed_NF=packed_NF)
        return transform(pixels_NCHW, drawn, self.images.by)

    def _order_of(self, epoch: int) -> Tensor:
        """Return the order of the images in an epoch, (N,)."""
        if self._order is None or self._order[0] != epoch:
            rng = generator(self._seed, _ORDER, epoch)
            order = torch.randperm(len(self.images), generator=rng)
            self._order = epoch, upload(order, self.images.labels.device)
        return self._order[1]

    def _draws_of(self, epoch: int, position: int) -> Draws:
        """Return what a batch's augmentation draws: by its own generator, with its neighbours'."""
        first = position - position % _DRAWN_AHEAD
        if self._draws is None or self._draws[:2] != (epoch, first):
            last = min(first + _DRAWN_AHEAD, len(self))
            rngs = [generator(self._seed, _AUGMENT, epoch, each) for each in range(first, last)]
            drawn = draw(self._how, self.images.pixels_NCHW.shape[1], self.batch_size, rngs)
            self._draws = epoch, first, drawn.to(self.images.labels.device)
        start = (position - first) * self.batch_size
        return self._draws[2].rows(slice(start, start + self.batch_size))


def normalisation_of(dataset: Dataset) -> Normalisation:
    """Return the normalisation of all splits of `dataset`."""
    return Normalisation(dataset.mean, dataset.std)
