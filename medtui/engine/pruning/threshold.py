"""Selection of the k-th largest weight magnitude without sorting.

Condensa's `condensa.tensor.threshold` calls `torch.topk` with sorted results on all weights,
although only the smallest of them is used. This returns the same value, bit for bit, by one pass of
a most-significant-bits radix selection:

1. Count the magnitudes in bins of equal leading bits, up to 65,536: O(n), one histogram.
2. Sum the counts from the highest bin down until the k-th value's bin is found: O(bins).
3. Select the k-th value within that bin by `torch.kthvalue`: O(m) for its m values.

The bit pattern of a non-negative float32, read as an integer, orders like the number, so no bin
boundaries have to be computed and the result is one of the input values.
"""

import torch
from torch import Tensor

_BIN_BITS = 15
"""Low bits of a float32 that a bin ignores. The sign bit is 0, so 16 bits select the bin."""

_MIN_VALUES = 1 << 16
"""With fewer values, `torch.kthvalue` on all of them is faster."""


def magnitude_threshold(values: Tensor, density: float) -> Tensor:
    """Return the int(density * n)-th largest of |values| as a 0-d tensor.

    Raises:
        RuntimeError: the density keeps no value; the message is Condensa's.
    """
    magnitudes = values.abs().reshape(-1)
    num_kept = int(density * magnitudes.numel())
    if num_kept == 0:
        raise RuntimeError("Provided density value causes model to be zero.")
    return kth_largest(magnitudes, num_kept)


def kth_largest(magnitudes: Tensor, num_kept: int) -> Tensor:
    """Return the `num_kept`-th largest of non-negative values, 1-d, as a 0-d tensor."""
    if magnitudes.is_cuda:
        return largest_by_sort(magnitudes, num_kept)
    if magnitudes.dtype is not torch.float32 or magnitudes.numel() < _MIN_VALUES:
        return _select(magnitudes, num_kept)
    # A NaN has the largest bit pattern of all, as it is the largest for `topk`.
    bins = magnitudes.view(torch.int32) >> _BIN_BITS
    counts = torch.bincount(bins, minlength=1)
    # from_above[i]: how many values lie in the i + 1 highest bins.
    from_above = counts.flip(0).cumsum(0)
    above = int(torch.searchsorted(from_above, num_kept))
    num_higher = int(from_above[above - 1]) if above else 0
    in_bin = magnitudes[bins == len(counts) - 1 - above]
    return _select(in_bin, num_kept - num_higher)


def largest_by_sort(magnitudes: Tensor, num_kept: int) -> Tensor:
    """Return the same by one sort: a GPU sorts sooner than the host learns a bin's number."""
    return magnitudes.sort(descending=True).values[num_kept - 1]


def _select(values: Tensor, k: int) -> Tensor:
    return torch.kthvalue(values, values.numel() - k + 1).values
