"""Reads one frame of a DICOM file as numbers, complete or not at all."""

from typing import TYPE_CHECKING

import numpy as np

from medtui.datasets.decoding.dicom_values import Values
from medtui.datasets.decoding.png import BadImageError

if TYPE_CHECKING:
    from pydicom import Dataset

PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

_JPEG_END = b"\xff\xd9"
"""Last marker of a picture in any of the JPEG formats."""

_BYTE = 0xFF
_JPEG_FAMILY = "1.2.840.10008.1.2.4."


def read_frame(elements: "Dataset") -> Values:
    """Return the first frame as stored, colours as RGB.

    Raises:
        BadImageError: pixel data is missing, or no decoder of its compression is installed.
    """
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array
    from pydicom.uid import RLELossless

    syntax = elements.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not syntax.is_deflated:
        if not get_decoder(syntax).is_available:
            raise BadImageError("no decoder for this compression is installed: medtui[dicom]")
        if syntax.startswith(_JPEG_FAMILY):
            _require_end(elements)
    # pylibjpeg-rle ends the process at damaged data (pyo3 PanicException); pydicom raises an error.
    plugin = "pydicom" if syntax == RLELossless else ""
    frame = pixel_array(elements, index=0, decoding_plugin=plugin)
    return frame * _BYTE if elements.BitsAllocated == 1 else frame


def read_colours(elements: "Dataset") -> Values:
    """Return the first frame as RGB; a palette is applied."""
    frame = read_frame(elements)
    if elements.PhotometricInterpretation != "PALETTE COLOR":
        return _full_range(frame, int(elements.BitsStored))
    from pydicom.pixels.processing import apply_color_lut

    frame = apply_color_lut(frame, elements)[..., :3]
    bits = int(elements.RedPaletteColorLookupTableDescriptor[2])
    if frame.max() <= _BYTE:  # some writers declare 16 bits and use the lower 8
        frame, bits = frame.astype(np.uint8), 8
    return _full_range(frame, bits)


def _full_range(frame: Values, bits: int) -> Values:
    """Return colours scaled so that the largest value of `bits` is the largest of the type."""
    spare = frame.dtype.itemsize * 8 - bits
    return np.left_shift(frame, spare) if spare > 0 else frame


def _require_end(elements: "Dataset") -> None:
    """Raise if the first frame lacks its end: decoders fill what is missing without an error."""
    from pydicom.encaps import get_frame

    count = int(elements.get("NumberOfFrames") or 1)
    frame = get_frame(elements.PixelData, 0, number_of_frames=count)
    if _JPEG_END not in frame.rstrip(b"\0")[-3:]:  # one byte of any value may pad the frame
        raise BadImageError("truncated")
