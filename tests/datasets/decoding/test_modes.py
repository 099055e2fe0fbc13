"""Images of every mode are converted to the card's channels."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from medtui.datasets.decoding.image import decode_bytes
from medtui.datasets.decoding.png import BadImageError, check_png
from medtui.datasets.decoding.settings import DecodeSettings
from tests.helpers.drawn_images import encode


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Return a smooth RGB image of the size that is asked for."""
    coarse = np.random.default_rng(1).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_png_modes(photo: Image.Image, mode: str, channels: int) -> None:
    """Every PNG mode decodes to the pixels of Pillow's own conversion."""
    image = photo.convert(mode)
    data = encode(image)
    pixels = decode_bytes(data, DecodeSettings(32, channels)).pixels_HWC
    assert pixels.shape == (32, 32, channels)
    stored = Image.open(io.BytesIO(data))
    expected = np.asarray(stored.convert("L" if channels == 1 else "RGB")).reshape(pixels.shape)
    np.testing.assert_array_equal(pixels, expected)


def test_opacity_is_dropped(photo: Image.Image) -> None:
    """An opaque RGBA film equals its grey original."""
    grey = photo.convert("L")
    film = Image.merge("RGBA", (grey, grey, grey, Image.new("L", grey.size, 255)))
    np.testing.assert_array_equal(
        decode_bytes(encode(film), DecodeSettings(32, 1)).pixels_HWC[..., 0], np.asarray(grey)
    )


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_is_scaled_and_not_clipped(form: str) -> None:
    """A 16-bit ramp keeps its mean; Pillow's own conversion makes it white."""
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    pixels = decode_bytes(encode(Image.fromarray(ramp), form), DecodeSettings(64, 1)).pixels_HWC
    assert abs(float(pixels.mean()) - 127) <= 1
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_cmyk_jpeg(photo: Image.Image) -> None:
    """A CMYK photograph becomes RGB."""
    data = encode(photo.convert("CMYK"), "JPEG", quality=95)
    pixels = decode_bytes(data, DecodeSettings(32, 3)).pixels_HWC.astype(int)
    assert np.abs(pixels - np.asarray(photo).astype(int)).mean() < 12


def test_exif_rotation_is_undone() -> None:
    """A photograph with EXIF rotation is decoded upright."""
    pixels = np.zeros((16, 16), np.uint8)
    pixels[:, :4] = 200
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6  # shown after a quarter turn clockwise
    upright = decode_bytes(encode(image, exif=exif), DecodeSettings(16, 1)).pixels_HWC[..., 0]
    np.testing.assert_array_equal(upright, np.rot90(pixels, -1))


def test_floating_point_pixels_are_refused() -> None:
    """Floating-point images are refused because their range is unknown."""
    image = Image.fromarray(np.ones((8, 8), np.float32))
    with pytest.raises(BadImageError, match="floating-point"):
        decode_bytes(encode(image, "TIFF"), DecodeSettings(8, 1))


@pytest.mark.parametrize("size", [(1, 1), (1, 999), (7, 3), (5, 5), (8, 8), (2, 9)])
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_interlaced_sizes_pass_the_check(size: tuple[int, int], mode: str) -> None:
    """Interlaced files of any shape pass the check with unchanged pixels."""
    for data in (_interlaced(Image.new(mode, size, 1)), encode(Image.new(mode, size, 1))):
        with Image.open(io.BytesIO(data)) as given, Image.open(io.BytesIO(check_png(data))) as kept:
            assert given.info.get("interlace") == kept.info.get("interlace")
            assert given.tobytes() == kept.tobytes()


def _interlaced(image: Image.Image) -> bytes:
    """Return an interlaced PNG; Pillow can read but not write them."""
    import struct
    import zlib

    from medtui.datasets.decoding.png import SIGNATURE

    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # fmt: skip # noqa: E501
    width, height = image.size
    samples = 3 if image.mode == "RGB" else 1
    depth = 1 if image.mode == "1" else 8
    rows = b""
    for x, y, dx, dy in steps:
        columns = len(range(x, width, dx))
        for _ in range(y, height, dy) if columns else ():
            rows += bytes(1 + (columns * depth * samples + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, 2 if samples == 3 else 0, 0, 0, 1)
    data = SIGNATURE
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body
        data += struct.pack(">I", zlib.crc32(kind + body))
    Image.open(io.BytesIO(data)).load()
    return data
