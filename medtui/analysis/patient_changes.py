"""What changed for each patient: the share of right answers before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from medtui.analysis.pairing import PairedPredictions
from medtui.metrics.scores import Scores


@dataclass(frozen=True)
class PatientChange:
    """One patient's share of right answers by the baseline and by the run."""

    patient: str
    num_images: int
    before: float
    after: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


def patient_changes(pair: PairedPredictions) -> tuple[PatientChange, ...]:
    """Return each patient's change, the largest loss first; none where patients are unknown.

    In multi-label tasks an answer is that about one class of one image. Answers whose label is
    unknown do not count; patients with no others are left out.
    """
    if not pair.num_patients:
        return ()
    before_N, after_N = _share_of_right(pair.reference), _share_of_right(pair.run)
    patients = np.asarray(pair.patients)
    found = []
    for patient in dict.fromkeys(pair.patients):
        rows = np.flatnonzero((patients == patient) & np.isfinite(after_N))
        if rows.size:
            shares = float(before_N[rows].mean()), float(after_N[rows].mean())
            found.append(PatientChange(patient, rows.size, *shares))
    # Rounded, so that equal losses stand by patient and not by the last digit of a float.
    return tuple(sorted(found, key=lambda each: (round(each.change, 9), each.patient)))


def macro_change(changes: Sequence[PatientChange]) -> tuple[float, float]:
    """Return the means over patients before and after, each patient counting once."""
    return fmean(each.before for each in changes), fmean(each.after for each in changes)


def _share_of_right(scores: Scores) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of right answers about each image, (N,); NaN without known labels."""
    is_right_NK = (scores.answers_NK == scores.labels_NK) & scores.known
    if scores.task == "single":
        right_N = is_right_NK.all(axis=1).astype(np.float64)
        return np.where(scores.known.all(axis=1), right_N, np.nan)
    known_N = scores.known.sum(axis=1)
    return np.where(known_N > 0, is_right_NK.sum(axis=1) / np.maximum(known_N, 1), np.nan)
