"""The magnitude above which a given share of weights lies, without sorting them.

Condensa's own (`condensa.tensor.threshold`) sorts the kept weights; this finds the same value,
bit for bit, by a histogram over the leading bits and a selection within one bin.
"""

import torch
from torch import Tensor

_BIN_BITS = 15
"""Trailing bits of a float32 that a bin spans: 65,536 bins over all magnitudes."""

_WORTH_IT = 1 << 16
"""Below this many values a plain selection is faster."""


def magnitude_threshold(values: Tensor, density: float) -> Tensor:
    """Return the int(density * n)-th largest of |values| as a 0-d tensor.

    Raises:
        RuntimeError: the density keeps no value (Condensa's error and words).
    """
    magnitudes = values.abs().reshape(-1)
    num_kept = int(density * magnitudes.numel())
    if num_kept == 0:
        raise RuntimeError("Provided density value causes model to be zero.")
    if magnitudes.dtype is not torch.float32 or magnitudes.numel() < _WORTH_IT:
        return _kth_largest(magnitudes, num_kept)
    # Magnitudes are not negative, so their bit patterns order as they do. A NaN's is the largest.
    bins = magnitudes.view(torch.int32) >> _BIN_BITS
    counts = torch.bincount(bins, minlength=1)
    from_above = counts.flip(0).cumsum(0)
    above = int(torch.searchsorted(from_above, num_kept))
    num_higher = int(from_above[above - 1]) if above else 0
    in_bin = magnitudes[bins == len(counts) - 1 - above]
    return _kth_largest(in_bin, num_kept - num_higher)


def _kth_largest(values: Tensor, k: int) -> Tensor:
    return torch.kthvalue(values, values.numel() - k + 1).values
