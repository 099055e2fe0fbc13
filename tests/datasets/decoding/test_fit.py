"""Oblong images become square as the card says."""

import numpy as np
import pytest
from PIL import Image

from medtui.datasets.decoding.image import decode_bytes
from medtui.datasets.decoding.settings import DecodeSettings, Fit
from tests.helpers.deep_images import png16
from tests.helpers.drawn_images import encode

WIDE = np.zeros((10, 30), np.uint8)
WIDE[:, 10:20] = 200
"""A bright square in the middle of a wide image."""


def decode(data: bytes, fit: Fit) -> np.ndarray:
    """Return the decoded pixels of a grey image with sides of 30 pixels."""
    return decode_bytes(data, DecodeSettings(30, 1, fit=fit, bits=8)).pixels_HWC[..., 0]


def turned(pixels: np.ndarray, *, is_turned: bool) -> np.ndarray:
    """Return pixels, transposed if wanted."""
    return np.ascontiguousarray(pixels.T if is_turned else pixels)


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("is_deep", [False, True])
def test_each_fit(is_turned: bool, is_deep: bool) -> None:
    """`stretch` distorts the square, `crop` keeps it alone, `pad` keeps all between black bars."""
    stored = turned(WIDE, is_turned=is_turned)
    data = png16(stored.astype(np.uint16)) if is_deep else encode(Image.fromarray(stored))
    stretched, cropped, padded = (
        turned(decode(data, fit), is_turned=is_turned) for fit in ("stretch", "crop", "pad")
    )
    assert (stretched == WIDE[0]).all()
    assert (cropped == 200).all()
    np.testing.assert_array_equal(padded[10:20], WIDE)
    assert not padded[:10].any()
    assert not padded[20:].any()


def test_square_images_are_the_same_in_every_fit() -> None:
    """The fit matters to oblong images only."""
    square = np.random.default_rng(0).integers(0, 256, (12, 12), np.uint8)
    data = encode(Image.fromarray(square))
    np.testing.assert_array_equal(decode(data, "pad"), decode(data, "stretch"))
    np.testing.assert_array_equal(decode(data, "crop"), decode(data, "stretch"))


def test_a_line_of_pixels_can_be_padded() -> None:
    """The shorter side never becomes 0."""
    pixels = decode(encode(Image.new("L", (900, 1), 255)), "pad")
    assert pixels.any(axis=1).sum() == 1


def test_window_bars_are_black() -> None:
    """Bars are black also where the window begins above or below 0."""
    data = png16(np.full((10, 30), 2000, np.uint16))
    settings = DecodeSettings(30, 1, fit="pad", window=(-1000.0, 3000.0))
    pixels = decode_bytes(data, settings).pixels_HWC[..., 0]
    assert set(pixels[10:20].ravel()) == {191}
    assert not pixels[:10].any()


def test_fit_is_part_of_the_key_only_where_it_is_given() -> None:
    """Cache entries made before there was a choice stay valid."""
    assert DecodeSettings(16, 3).key_parts() == [16, 3]
    assert DecodeSettings(16, 3, fit="pad").key_parts() == [16, 3, {"fit": "pad"}]
    assert DecodeSettings(16, 3, bits=12).key_parts() != DecodeSettings(16, 3, bits=14).key_parts()
