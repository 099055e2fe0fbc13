"""Reads the picture of a DICOM file with pydicom. No value of a tag leaves this module as text.

pydicom quotes values in warnings, log messages and exceptions, so all three are kept back: a
message about a damaged file names the kind of damage only.
"""

import logging
import warnings
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from medtui.datasets.decoding import dicom_pixels, dicom_values
from medtui.datasets.decoding.picture import Deep, Flat, Picture
from medtui.datasets.decoding.png import MAX_PIXELS, BadImageError
from medtui.datasets.decoding.settings import DecodeSettings

if TYPE_CHECKING:
    from pydicom import Dataset

DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})

MISSING = "DICOM: install medtui[dicom]"
"""Reason why no DICOM file can be read without pydicom."""

PREAMBLE_BYTES, _MARK = 128, b"DICM"

_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
"""Little-endian group of the first element of a file without preamble."""

_DIRECTORY = "1.2.840.10008.1.3.10"
_WITHOUT_PICTURE = {
    "1.2.840.10008.5.1.4.1.1.88.": "a structured report",
    "1.2.840.10008.5.1.4.1.1.11.": "a presentation state",
    "1.2.840.10008.5.1.4.1.1.104.": "an encapsulated document",
    "1.2.840.10008.5.1.4.1.1.9.": "a waveform",
    "1.2.840.10008.5.1.4.1.1.481.": "a radiotherapy plan or structure set",
}
"""Start of a storage class to what its files contain. Source: DICOM PS3.4, table B.5-1."""

_COLOURS = ("RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_GREYS = ("MONOCHROME1", "MONOCHROME2")
_LOGGERS = ("pydicom", "pylibjpeg", "libjpeg", "openjpeg", "rle")


def is_dicom(data: bytes) -> bool:
    """Return whether these are the first bytes of a DICOM file, with or without preamble.

    A file without preamble starts with an element of group 2 or 8. Its number is below 256, and a
    value representation (`UL`) or a length follows that fits into the file.
    """
    if data[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == _MARK:
        return True
    if data[:2] not in _FIRST_GROUPS or data[3:4] != b"\0":
        return False
    kind = data[4:6]
    return (kind.isalpha() and kind.isupper()) or int.from_bytes(data[4:8], "little") < len(data)


def is_installed() -> bool:
    """Return whether pydicom, an optional package, is installed."""
    return find_spec("pydicom") is not None


def read_dicom(data: bytes, settings: DecodeSettings) -> Picture:
    """Return the picture of a DICOM file.

    Raises:
        BadImageError: the file is damaged, has no picture or several, or one of unknown range.
    """
    if not is_installed():
        raise BadImageError(MISSING)
    silence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _picture(open_dicom(data), settings)
        except BadImageError:
            raise
        except MemoryError:
            reason = "too large to decode"
        except Exception as error:  # noqa: BLE001 - pydicom and its decoders raise many types
            reason = f"damaged DICOM file ({type(error).__name__})"
    raise BadImageError(reason)  # outside of `except`: the exception may quote values


def silence() -> None:
    """Suppress the log messages of pydicom and its decoders, which may quote values."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def open_dicom(data: bytes) -> "Dataset":
    """Return the elements of a DICOM file, with a transfer syntax."""
    from pydicom import dcmread
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    elements = dcmread(BytesIO(data), force=True)
    if "TransferSyntaxUID" not in elements.file_meta:
        is_implicit, is_little = elements.original_encoding
        uid = ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
        elements.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else uid
    return elements


def _picture(elements: "Dataset", settings: DecodeSettings) -> Picture:
    _require_pixels(elements)
    width, height, samples = _shape(elements)
    colours = str(elements.get("PhotometricInterpretation", ""))
    is_first = settings.frame == "first"
    if not is_first and (count := int(elements.get("NumberOfFrames") or 1)) > 1:
        raise BadImageError(
            f"{count:,} frames in one DICOM file; save one picture per file, or set in the card: "
            'frame = "first"'
        )
    size = f"{width}x{height}"
    if samples == 1 and colours in _GREYS:
        stored = dicom_pixels.read_frame(elements)
        return _grey(elements, stored, settings, size)
    if colours in _COLOURS and samples == (1 if colours == "PALETTE COLOR" else 3):
        return _colour(dicom_pixels.read_colours(elements), size)
    raise BadImageError("unsupported or missing photometric interpretation")


def _require_pixels(elements: "Dataset") -> None:
    """Raise if a DICOM file has no picture."""
    if any(name in elements for name in dicom_pixels.PIXEL_ELEMENTS):
        return
    storage = str(elements.file_meta.get("MediaStorageSOPClassUID", ""))
    storage = storage or str(elements.get("SOPClassUID", ""))
    if storage == _DIRECTORY or "DirectoryRecordSequence" in elements:
        raise BadImageError("DICOMDIR: an index of other files, without a picture")
    for start, content in _WITHOUT_PICTURE.items():
        if storage.startswith(start):
            raise BadImageError(f"no pixel data: {content}")
    raise BadImageError("no pixel data in this DICOM file, or truncated before it")


def _shape(elements: "Dataset") -> tuple[int, int, int]:
    """Return width, height and samples per pixel, before memory is allocated for them."""
    height, width = int(elements.get("Rows") or 0), int(elements.get("Columns") or 0)
    samples = int(elements.get("SamplesPerPixel") or 1)
    if height < 1 or width < 1:
        raise BadImageError("empty: no pixels")
    if width * height > MAX_PIXELS:
        raise BadImageError(f"too large: {width} x {height} pixels")
    return width, height, samples


def _colour(pixels_HWC: dicom_values.Values, size: str) -> Picture:
    """Return colours, which fill the range of their type."""
    if pixels_HWC.dtype == np.uint8:
        return Flat(Image.fromarray(np.ascontiguousarray(pixels_HWC)), f"DICOM RGB {size}")
    white = float(np.iinfo(pixels_HWC.dtype).max)
    return Deep(pixels_HWC, f"DICOM RGB;16 {size}", window=(0.0, white))


def _grey(
    elements: "Dataset", stored: dicom_values.Values, settings: DecodeSettings, size: str
) -> Picture:
    """Return grey values after the modality's rescaling, within their window."""
    is_inverted = elements.PhotometricInterpretation == "MONOCHROME1"
    scaled = dicom_values.shown_values(elements, stored, settings.window)
    values, window = scaled.values, scaled.window
    padding = dicom_values.padding_mask(elements, stored)
    if padding is not None and padding.any():
        values = dicom_values.blacken(values, padding, settings.window or window, is_inverted)
    is_plain = settings.window is None and window in {None, (0.0, 255.0)}
    if values.dtype == np.uint8 and is_plain:
        values = 255 - values if is_inverted else values
        return Flat(Image.fromarray(np.ascontiguousarray(values)), f"DICOM L {size}")
    depth = "L" if stored.dtype.itemsize == 1 else "I;16"
    return Deep(values, f"DICOM {depth} {size}", window, is_inverted)
