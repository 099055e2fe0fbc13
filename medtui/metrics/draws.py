"""Samples of patients for bootstrap and jackknife, and sums over many samples at once.

Shapes: N images, P patients, B samples, M bins of scores.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.metrics.arrays import ALL_ROWS, Floats, Rows

MAX_LEFT_OUT = 400
"""Samples of a jackknife at most."""

CHUNK = 100
"""Samples measured together; bounds memory at two numbers for each of them and image."""


@dataclass(frozen=True)
class Draws:
    """How often each patient was drawn into each sample.

    Patients are drawn and images only follow them, because images of one patient are not
    independent. A metric that is made of sums over images needs no image of a sample: it adds up
    each patient's share of the sum once, O(N), and weighs the shares by the counts, one product of
    (P,) and (P, B). A loop over samples would index and measure N images B times.
    """

    patient_N: NDArray[np.int64]
    """Number of each image's patient."""
    counts_PB: Floats

    def of_rows(self, rows: Rows) -> "Draws":
        """Return the same samples over some of the images: those whose label is known."""
        return self if rows is ALL_ROWS else Draws(self.patient_N[rows], self.counts_PB)

    def total(self, values_N: NDArray[np.generic]) -> Floats:
        """Sum a value over the images of each sample, (B,)."""
        sums_P = np.bincount(self.patient_N, values_N.astype(np.float64), len(self.counts_PB))
        total: Floats = sums_P @ self.counts_PB
        return total

    def histogram(self, bins: NDArray[np.int64], rows: NDArray[np.bool_], num_bins: int) -> Floats:
        """Count the images in each bin, (M, B); `bins` holds one for each image in `rows`.

        The matrix of bins by patients is nearly empty, hence sparse: its product with the counts
        costs O(images x B), and the dense one O(M x P x B).
        """
        from scipy.sparse import csr_matrix

        shape = (num_bins, len(self.counts_PB))
        ones = np.ones(len(bins))
        counted: Floats = csr_matrix((ones, (bins, self.patient_N[rows])), shape) @ self.counts_PB
        return counted


def draw_patients(patients: Sequence[str], *, resamples: int, seed: int) -> Iterator[Draws]:
    """Draw as many patients as there are, with replacement, for each sample; chunk by chunk."""
    _, patient_N = np.unique(np.asarray(patients), return_inverse=True)
    num_patients = int(patient_N.max()) + 1
    rng = np.random.default_rng(seed)
    for first in range(0, resamples, CHUNK):
        size = min(CHUNK, resamples - first)
        counts_BP = rng.multinomial(num_patients, np.full(num_patients, 1 / num_patients), size)
        yield Draws(patient_N, np.ascontiguousarray(counts_BP.T, np.float64))


def without_each_patient(patients: Sequence[str]) -> Iterator[Draws]:
    """Leave out one patient in each sample, or one group of them; chunk by chunk."""
    _, patient_N = np.unique(np.asarray(patients), return_inverse=True)
    group_P = _groups(int(patient_N.max()) + 1)
    num_groups = int(group_P.max()) + 1
    for first in range(0, num_groups, CHUNK):
        groups_B = np.arange(first, min(first + CHUNK, num_groups))
        yield Draws(patient_N, (group_P[:, None] != groups_B).astype(np.float64))


def left_out_together(patients: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of the sample of `without_each_patient` that lacks each image, (N,)."""
    _, patient_N = np.unique(np.asarray(patients), return_inverse=True)
    return _groups(int(patient_N.max()) + 1)[patient_N]


def _groups(num_patients: int) -> NDArray[np.int64]:
    """Return the group with which each patient is left out, (P,).

    With more than `MAX_LEFT_OUT` patients, groups of them are left out, since the cost grows with
    patients times samples and so many groups estimate a standard error within 4 %. Groups are
    drawn from a fixed seed.
    """
    if num_patients <= MAX_LEFT_OUT:
        return np.arange(num_patients)
    return np.random.default_rng(0).permutation(num_patients) % MAX_LEFT_OUT


def all_patients(patients: Sequence[str]) -> Draws:
    """Return one sample that holds every patient once: the data as they are."""
    _, patient_N = np.unique(np.asarray(patients), return_inverse=True)
    return Draws(patient_N, np.ones((int(patient_N.max()) + 1, 1)))
