"""Writes DICOM files with known stored values, for tests."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

COMPRESSIONS = {"rle": RLELossless, "jpeg2000": JPEG2000Lossless}


def dicom_elements(stored: NDArray[np.generic], **tags: object) -> Dataset:
    """Return the elements of a picture; `tags` are added or replace those that it needs."""
    elements = Dataset()
    elements.file_meta = FileMetaDataset()
    elements.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    elements.SOPClassUID = elements.file_meta.MediaStorageSOPClassUID = UID(
        "1.2.840.10008.5.1.4.1.1.1"
    )
    elements.SOPInstanceUID = elements.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    is_colour = stored.ndim == 3
    elements.Rows, elements.Columns = stored.shape[:2]
    elements.SamplesPerPixel = 3 if is_colour else 1
    elements.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        elements.PlanarConfiguration = 0
    bits = stored.dtype.itemsize * 8
    elements.BitsAllocated = elements.BitsStored = bits
    elements.HighBit = bits - 1
    elements.PixelRepresentation = int(stored.dtype.kind == "i")
    elements.add_new("PixelData", "OW" if bits > 8 else "OB", stored.tobytes())
    for name, value in tags.items():
        setattr(elements, name, value)
    return elements


def dicom_bytes(stored: NDArray[np.generic], *, compression: str = "", **tags: object) -> bytes:
    """Return a file with preamble, uncompressed or with a name of `COMPRESSIONS`."""
    elements = dicom_elements(stored, **tags)
    if compression:
        elements.compress(COMPRESSIONS[compression])
    content = BytesIO()
    elements.save_as(content, enforce_file_format=True)
    return content.getvalue()


def write_dicom(
    path: Path, stored: NDArray[np.generic], *, compression: str = "", **tags: object
) -> Path:
    """Write a picture to a file; see `dicom_bytes`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dicom_bytes(stored, compression=compression, **tags))
    return path


def ramp(size: int = 64, low: int = 0, high: int = 4095) -> NDArray[np.uint16]:
    """Return 12-bit values that rise from left to right."""
    return np.tile(np.linspace(low, high, size).round().astype(np.uint16), (size, 1))
