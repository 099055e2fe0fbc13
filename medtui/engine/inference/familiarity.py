"""Finds images that are unlike the training images, by their distance among the features.

The features are the inputs of the network's class layer, scaled to length 1. An image's distance is
that to its k-th nearest of up to `_MAX_TRAIN` train images. It counts as unlike them beyond a limit
that all but `FALSE_ALARMS` of the val images keep, on whose patients the network was not trained.
The rank of the limit is that of split conformal prediction. How many test images are beyond it is
measured beside it: with few patients in val the two differ, as images of one patient are alike.

Sources: Sun et al. 2022, Out-of-Distribution Detection with Deep Nearest Neighbors, arXiv
2204.06507; Vovk et al. 2005, Algorithmic Learning in a Random World, for the rank.
Shapes: N images, T train images, F features.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from medtui.datasets.dataset import Dataset, SplitData
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.npz_arrays import read_arrays
from medtui.storage import UnreadableFile

FALSE_ALARMS = 0.05
"""Share of images like the training images that may be called unlike them."""

_NEIGHBOURS = 10
"""k: 0.5 % of 2,000 train images, the share that Sun et al. recommend for a subset of train."""

_MAX_TRAIN, _MAX_CHECKED = 2000, 1000
"""Most train images that are kept, and most val and test images that are measured."""

_AT_ONCE = 1024
"""Images whose distances to all train images are held at once."""

Features = Callable[[NDArray[np.uint8]], Tensor]
"""Maps pixels (N, H, W, C) to features (N, F)."""


@dataclass(frozen=True)
class Familiarity:
    """The train images' features, and the limit of the distance to them."""

    features_TF: Tensor
    """float32, each of length 1."""
    limit: float
    val_share: float
    """Share of the val images beyond the limit."""
    test_share: float
    """Share of the test images beyond it, for which it was not chosen."""
    num_val: int
    num_test: int
    """0 where test is sealed."""

    def distances(self, features_NF: Tensor) -> NDArray[np.float64]:
        """Return the distance of each image to the train images."""
        return _distances(features_NF, self.features_TF)


def measure_familiarity(
    dataset: Dataset, features: Features, *, is_sealed: bool = False
) -> Familiarity:
    """Return what a network's features of its own data set are, and the limit.

    Where test `is_sealed`, no image of it is measured.
    """
    train, val, test = dataset.splits
    # They are kept in half precision, so that is what distances are measured to.
    train_TF = F.normalize(features(_some(train, _MAX_TRAIN))).half().float()
    val_N = _distances(features(_some(val, _MAX_CHECKED)), train_TF)
    limit = _limit(val_N)
    test_N = np.empty(0) if is_sealed else _distances(features(_some(test, _MAX_CHECKED)), train_TF)
    test_share = float((test_N > limit).mean()) if len(test_N) else 0.0
    return Familiarity(
        train_TF, limit, float((val_N > limit).mean()), test_share, len(val_N), len(test_N)
    )


def _limit(val_N: NDArray[np.float64]) -> float:
    """Return the smallest distance that a further image exceeds with at most `FALSE_ALARMS`."""
    rank = math.ceil((len(val_N) + 1) * (1 - FALSE_ALARMS))
    return float(np.sort(val_N)[min(rank, len(val_N)) - 1])


def _some(part: SplitData, most: int) -> NDArray[np.uint8]:
    """Return evenly spaced images: a split is in order of classes and patients."""
    rows = np.linspace(0, len(part) - 1, min(most, len(part))).astype(int)
    chosen: NDArray[np.uint8] = part.images_NHWC[rows]
    return chosen


def _distances(features_NF: Tensor, train_TF: Tensor) -> NDArray[np.float64]:
    nearest = min(_NEIGHBOURS, len(train_TF))
    found = [
        # Of vectors of length 1, which products compare faster than differences.
        (2 - 2 * (F.normalize(part) @ train_TF.T).topk(nearest).values[:, -1]).clamp(min=0).sqrt()
        for part in torch.split(features_NF, _AT_ONCE)
    ]
    return torch.cat(found).numpy().astype(np.float64)


def store_familiarity(path: Path, found: Familiarity, *, model: str, data: str) -> None:
    """Write it, with the checksum of the model's file and the digest of the data set.

    Raises:
        OSError: the folder is not writable, or the disk is full.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        features=found.features_TF.half().numpy(),
        numbers=np.array(
            [found.limit, found.val_share, found.test_share, found.num_val, found.num_test]
        ),
        made_from=np.array([model, data]),
    )
    path.parent.mkdir(exist_ok=True)
    publish_bytes(path, buffer.getvalue())


def stored_familiarity(path: Path, *, model: str, data: str) -> Familiarity | None:
    """Return what was stored; None where nothing was, or of another model, or it is damaged."""
    try:
        arrays = read_arrays(path)
        if arrays["made_from"].tolist() != [model, data]:
            return None
        limit, val_share, test_share, num_val, num_test = arrays["numbers"].tolist()
        features_TF = torch.from_numpy(arrays["features"].astype(np.float32))
    except (UnreadableFile, KeyError, ValueError, TypeError):
        return None
    return Familiarity(features_TF, limit, val_share, test_share, int(num_val), int(num_test))
