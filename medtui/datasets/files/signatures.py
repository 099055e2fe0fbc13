"""Tells image files by their suffix or by their first bytes. Decodes nothing."""

import re

IMAGE_SUFFIXES = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"),
        *(".dcm", ".dicom", ".ima"),
    }
)
"""Suffixes of candidate files; the content decides when a file is decoded."""

UNREAD_SUFFIXES = {
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".avif": "AVIF",
    ".jp2": "JPEG 2000",
    ".j2k": "JPEG 2000",
    ".jpx": "JPEG 2000",
    ".jxl": "JPEG XL",
    ".nii": "NIfTI",
    ".mha": "MetaImage",
    ".mhd": "MetaImage",
    ".nrrd": "NRRD",
    ".svs": "whole-slide",
    ".ndpi": "whole-slide",
    ".mrxs": "whole-slide",
    ".dng": "raw camera",
    ".cr2": "raw camera",
    ".nef": "raw camera",
}
"""Suffix of images in formats that are not read, to the name of the format."""

SIGNATURE_BYTES = 132
"""Bytes at the start of a file that tell its format."""

_PLAIN_SUFFIX = re.compile(r"\.[a-z]{1,5}\Z", re.IGNORECASE)
"""A suffix of letters names the format; `.45` of a DICOM identifier does not."""

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
    (b"GIF8", ".gif"),
    (b"\x00\x00\x00\x0cjP  ", ".jp2"),
)
_BRANDS = {
    b"heic": ".heic",
    b"heix": ".heic",
    b"hevc": ".heic",
    b"mif1": ".heic",
    b"msf1": ".heic",
    b"avif": ".avif",
}
_DICOM_MARK, _DICOM_OFFSET = b"DICM", 128
_BMP_HEADER_SIZES = frozenset({12, 40, 52, 56, 64, 108, 124})


def suffix_of(name: str) -> str:
    """Return the part of a file name from its last dot in lower case; empty without a dot."""
    at = name.rfind(".")
    return name[at:].lower() if at > 0 else ""


def has_telling_suffix(name: str) -> bool:
    """Return whether the suffix names a format, so that the content need not be looked at."""
    return bool(_PLAIN_SUFFIX.match(suffix_of(name))) or suffix_of(name) in UNREAD_SUFFIXES


def suffix_by_content(start: bytes) -> str:
    """Return the suffix for a file with these first bytes; empty where it is no known image."""
    for signature, suffix in _SIGNATURES:
        if start.startswith(signature):
            return suffix
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return ".webp"
    if start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in _BMP_HEADER_SIZES:
        return ".bmp"
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12], "")
    return ".dcm" if start[_DICOM_OFFSET:SIGNATURE_BYTES] == _DICOM_MARK else ""
