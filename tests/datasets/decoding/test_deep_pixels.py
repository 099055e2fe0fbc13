"""Pixels deeper than 8 bits keep their low bytes until after the resize."""

import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from medtui.datasets.decoding.image import decode_bytes
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.decoding.settings import DecodeSettings
from tests.helpers.deep_images import png16, tiff
from tests.helpers.drawn_images import encode

RAMP = np.linspace(0, 4095, 64).astype(np.uint16).reshape(8, 8)
"""All of 12 bits."""
TWELVE = DecodeSettings(size=8, channels=1, bits=12)


def grey(data: bytes, settings: DecodeSettings = TWELVE) -> np.ndarray:
    """Return the decoded pixels of a grey image."""
    return decode_bytes(data, settings).pixels_HWC[..., 0]


@pytest.mark.parametrize("data", [png16(RAMP), tiff(RAMP), tiff(RAMP, order=">")])
def test_12_bits_of_16_fill_the_range(data: bytes) -> None:
    """The ramp has 64 levels from black to white; without its low byte it would have 16."""
    np.testing.assert_array_equal(grey(data), RAMP >> 4)
    assert decode_bytes(data, TWELVE).largest == 4095


def test_full_16_bits_are_as_before_where_nothing_is_resized() -> None:
    """At the stored size, 16-bit pixels are their high bytes."""
    deep = RAMP * 16 + 15
    np.testing.assert_array_equal(grey(png16(deep), DecodeSettings(8, 1, bits=16)), deep >> 8)


def test_images_are_scaled_before_they_are_quantised() -> None:
    """Columns of 640 and 656 average to 648, level 40; their levels 40 and 41 average to 41."""
    columns = np.tile(np.array([640, 656], np.uint16), (8, 4))
    levels = Image.fromarray((columns >> 4).astype(np.uint8))
    assert set(np.asarray(levels.resize((4, 4), Image.Resampling.BILINEAR))[:, 1]) == {41}
    assert set(grey(png16(columns), DecodeSettings(4, 1, bits=12))[:, 1]) == {40}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("scale", [1, 16])
def test_16_bit_tiff_in_which_0_is_white_is_turned(order: str, scale: int) -> None:
    """An inverted film has the pixels of the same film stored the usual way."""
    film, settings = RAMP * np.uint16(scale), DecodeSettings(8, 1, bits=12 if scale == 1 else 16)
    stored = np.uint16(4096 * scale - 1) - film
    turned = grey(tiff(stored, order=order, white_is_zero=True), settings)
    assert np.abs(turned.astype(int) - grey(tiff(film, order=order), settings)).max() <= 1


def test_a_12_bit_film_turned_at_65535_needs_12_bits() -> None:
    """The range of a film stored as 65,535 minus its value is that of its values."""
    data = tiff(np.uint16(65535) - RAMP, white_is_zero=True)
    assert decode_bytes(data, TWELVE).largest == 4095
    np.testing.assert_array_equal(grey(data), RAMP >> 4)


@pytest.mark.parametrize(
    ("dtype", "reason"),
    [
        (np.int16, "signed 16-bit pixels"),
        (np.int32, "signed 32-bit pixels"),
        (np.uint32, "unsigned 32-bit pixels"),
        (np.float32, "floating-point pixels"),
    ],
)
def test_pixels_of_unknown_range_need_a_window(dtype: type, reason: str) -> None:
    """They are refused by their name with the card's key, and read with a window."""
    data = tiff(RAMP.astype(dtype))
    with pytest.raises(BadImageError, match=rf"^{reason} .*window = \[low, high\]"):
        decode_bytes(data, TWELVE)
    pixels = grey(data, DecodeSettings(8, 1, window=(0.0, 4095.0)))
    np.testing.assert_array_equal(pixels, np.rint(RAMP / 4095 * 255))


def test_a_window_cuts_both_ends() -> None:
    """Values below the window are black, values above white."""
    pixels = grey(png16(RAMP), DecodeSettings(8, 1, window=(1000.0, 2000.0)))
    assert set(pixels[RAMP <= 1000]) == {0}
    assert set(pixels[RAMP >= 2000]) == {255}
    assert len(np.unique(pixels)) > 10


def test_a_stack_is_called_by_its_name() -> None:
    """Several pictures in a TIFF are refused with what to do."""
    page = Image.new("L", (8, 8), 3)
    data = encode(page, "TIFF", save_all=True, append_images=[page, page])
    with pytest.raises(BadImageError, match=r"stack of 3 pictures.*one picture per file"):
        decode_bytes(data, TWELVE)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colour_of_16_bits_keeps_its_low_byte(channels: int) -> None:
    """12-bit RGB, RGBA and grey with opacity have as many levels as 12-bit grey."""
    stored = np.stack([RAMP, RAMP // 2, RAMP // 4, RAMP][:channels], axis=-1)
    decoded = decode_bytes(png16(stored), DecodeSettings(8, 3, bits=12))
    expected = stored[..., :3] if channels > 2 else np.repeat(RAMP[..., None], 3, axis=2)
    np.testing.assert_array_equal(decoded.pixels_HWC, expected >> 4)
    assert decoded.kind.endswith(";16 8x8")


def test_colour_tiff_of_16_bits_keeps_its_low_byte() -> None:
    """The same for TIFF of both byte orders."""
    stored = np.stack([RAMP, RAMP // 2, RAMP // 4], axis=-1)
    for order in "<>":
        data = _colour_tiff(stored, order)
        decoded = decode_bytes(data, DecodeSettings(8, 3, bits=12))
        np.testing.assert_array_equal(decoded.pixels_HWC, stored >> 4)


def _colour_tiff(pixels: np.ndarray, order: str) -> bytes:
    """Return a 16-bit RGB TIFF: the grey file of its samples, with three samples a pixel."""
    tags = ImageFileDirectory_v2(prefix=b"II" if order == "<" else b"MM")
    data = pixels.astype(f"{order}u2").tobytes()
    height, width, _ = pixels.shape
    for tag, value in {
        256: width, 257: height, 258: (16, 16, 16), 259: 1, 262: 2, 277: 3, 278: height,
        279: len(data), 273: 0,
    }.items():  # fmt: skip
        tags[tag] = value
    file = io.BytesIO()
    file.write(tags.prefix + struct.pack(f"{order}HI", 42, 8))
    file.write(tags.tobytes(8) + data)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pixels_are_turned_as_flat_ones(orientation: int) -> None:
    """The Exif orientation turns 16-bit pixels as Pillow turns 8-bit ones."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    wide = np.arange(24, dtype=np.uint16).reshape(4, 6)
    flat = encode(Image.fromarray(wide.astype(np.uint8)), exif=exif)
    deep = encode(Image.fromarray(wide), exif=exif)
    settings = DecodeSettings(8, 1, fit="pad", bits=8)
    assert decode_bytes(deep, settings).kind.endswith("4x6" if orientation > 4 else "6x4")
    differences = grey(flat, settings).astype(int) - grey(deep, settings)
    assert np.abs(differences).max() <= 1
