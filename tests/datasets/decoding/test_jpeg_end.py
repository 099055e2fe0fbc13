"""A JPEG ends where its first picture ends, whatever follows or is embedded."""

import io

import numpy as np
import pytest
from PIL import Image

from medtui.datasets.decoding.image import decode_bytes
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.decoding.settings import DecodeSettings
from tests.helpers.drawn_images import encode

RGB = DecodeSettings(size=32, channels=3)


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Return a smooth photograph."""
    coarse = np.random.default_rng(3).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((96, 64), Image.Resampling.BICUBIC)


def test_the_first_picture_of_two_is_taken(photo: Image.Image) -> None:
    """A phone's MPO has a preview or a second view behind the picture."""
    data = encode(photo, "MPO", save_all=True, append_images=[photo.rotate(180)])
    assert Image.open(io.BytesIO(data)).n_frames == 2
    decoded = decode_bytes(data, RGB)
    assert decoded.kind == "JPEG RGB 96x64"
    np.testing.assert_array_equal(
        decoded.pixels_HWC, decode_bytes(encode(photo, "JPEG"), RGB).pixels_HWC
    )


@pytest.mark.parametrize("trailer", [b"x" * 9000, b"\xff\xd8\xff\xe0" + bytes(9000), b"\0"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100}])
def test_trailers_are_skipped(
    photo: Image.Image, trailer: bytes, options: dict[str, object]
) -> None:
    """Bytes behind the end marker change nothing, however many."""
    data = encode(photo, "JPEG", **options)
    np.testing.assert_array_equal(
        decode_bytes(data + trailer, RGB).pixels_HWC, decode_bytes(data, RGB).pixels_HWC
    )


def test_a_thumbnail_does_not_end_the_picture(photo: Image.Image) -> None:
    """The end marker of an embedded thumbnail is none of the file's, wherever the file is cut."""
    exif = Image.Exif()
    thumbnail = encode(photo.resize((16, 16)), "JPEG")
    data = encode(photo, "JPEG", exif=exif, comment=thumbnail)
    assert thumbnail in data
    decode_bytes(data, RGB)
    for length in range(len(data) - 1, 2, -97):
        with pytest.raises(BadImageError):
            decode_bytes(data[:length], RGB)


def test_restart_markers_and_fill_bytes_are_read_over(photo: Image.Image) -> None:
    """Markers within image data, and repeated `ff` before a marker, are part of the picture."""
    data = encode(photo, "JPEG", restart_marker_rows=1)
    assert b"\xff\xd0" in data
    filled = data[:-2] + b"\xff\xff" + data[-2:]
    np.testing.assert_array_equal(
        decode_bytes(filled, RGB).pixels_HWC, decode_bytes(data, RGB).pixels_HWC
    )
