"""Model of a card's section on DICOM headers. Opens no file."""

from itertools import pairwise
from typing import Literal

from pydantic import field_validator

from medtui.preset.document import Many
from medtui.preset.toml import Document

HeaderSubgroup = Literal["sex", "age", "view", "manufacturer"]


class DicomSection(Document):
    """What is read from DICOM headers beside the pixels.

    Without the section, it has its defaults where all files are DICOM and neither table nor pattern
    names a patient; otherwise headers are not read.
    """

    patient: bool = True
    """Whether PatientID is the patient where neither table nor pattern names one; it is kept as a
    hash."""
    subgroups: Many[HeaderSubgroup] = ("sex", "age", "view", "manufacturer")
    """Facts by which results are reported separately, where a header has them."""
    age_bins: Many[float] = (18.0, 40.0, 60.0, 80.0)
    """Ascending edges of the bins of `age`, in years; ages above 90 count as 90."""

    @field_validator("age_bins")
    @classmethod
    def _edges_ascend(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(high <= low for low, high in pairwise(value)):
            raise ValueError(f"{list(value)} must ascend, and have one edge at least")
        return value
