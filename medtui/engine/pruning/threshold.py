"""Selection of the k-th largest weight magnitude without sorting.

Condensa's `condensa.tensor.threshold` calls `torch.topk` with sorted results on all weights,
although only the smallest of them is used. This returns the same value, bit for bit, by one pass of
a most-significant-bits radix selection:

1. Count the magnitudes in bins of equal leading bits, up to 65,536: O(n), one histogram.
2. Sum the counts from the highest bin down until the k-th value's bin is found: O(bins).
3. Select the k-th value within that bin by `torch.kthvalue`: O(m) for its m values.

The bit pattern of a non-negative float32, read as an integer, orders like the number, so no bin
boundaries have to be computed and the result is one of the input values. Weights are read in chunks
that stay in the processor's cache, without a copy of all of them.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

_BIN_BITS = 15
"""Low bits of a float32 that a bin ignores. The sign bit is 0, so 16 bits select the bin."""

_NUM_BINS = 1 << 16

_MAGNITUDE_BITS = (1 << 31) - 1
"""All bits of a float32 but its sign."""

_MIN_VALUES = 1 << 16
"""With fewer values, `torch.kthvalue` on all of them is faster."""

_CHUNK = 1 << 18
"""Values that are counted at once: 1 MiB."""


def magnitude_threshold(parts: Sequence[Tensor], density: float) -> Tensor:
    """Return the int(density * n)-th largest |value| of n values in all parts, as a 0-d tensor.

    Raises:
        RuntimeError: the density keeps no value; the message is Condensa's.
    """
    num_kept = int(density * sum(part.numel() for part in parts))
    if num_kept == 0:
        raise RuntimeError("Provided density value causes model to be zero.")
    return kth_largest(parts, num_kept)


def kth_largest(parts: Sequence[Tensor], num_kept: int) -> Tensor:
    """Return the `num_kept`-th largest magnitude of the values in all parts, as a 0-d tensor."""
    if parts[0].is_cuda:
        return largest_by_sort(_magnitudes(parts), num_kept)
    num_values = sum(part.numel() for part in parts)
    if parts[0].dtype is not torch.float32 or num_values < _MIN_VALUES:
        return _select(_magnitudes(parts), num_kept)
    # A NaN has the largest bit pattern of all, as it is the largest for `topk`.
    counts = torch.zeros(_NUM_BINS, dtype=torch.int64)
    for _, bins in _binned(parts):
        counts += torch.bincount(bins, minlength=_NUM_BINS)
    # from_above[i]: how many values lie in the i + 1 highest bins.
    from_above = counts.flip(0).cumsum(0)
    above = int(torch.searchsorted(from_above, num_kept))
    num_higher = int(from_above[above - 1]) if above else 0
    wanted = _NUM_BINS - 1 - above
    # With indices this takes two thirds of the time that a mask does.
    in_bin = torch.cat(
        [values[(bins == wanted).nonzero().flatten()] for values, bins in _binned(parts)]
    )
    return _select(in_bin.abs(), num_kept - num_higher)


def largest_by_sort(magnitudes: Tensor, num_kept: int) -> Tensor:
    """Return the same by one sort: a GPU sorts sooner than the host learns a bin's number."""
    return magnitudes.sort(descending=True).values[num_kept - 1]


def _binned(parts: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield chunks of the values and the bins of their magnitudes."""
    for part in parts:
        for values in torch.split(part.reshape(-1), _CHUNK):
            bits = values.view(torch.int32) & _MAGNITUDE_BITS
            yield values, bits.bitwise_right_shift_(_BIN_BITS)


def _magnitudes(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts]).abs()


def _select(values: Tensor, k: int) -> Tensor:
    return torch.kthvalue(values, values.numel() - k + 1).values
