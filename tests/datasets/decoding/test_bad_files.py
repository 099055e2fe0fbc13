"""No damaged file passes the check or crashes more than its own decoder."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtui.datasets.decoding.image import decode_bytes, decode_file
from medtui.datasets.decoding.png import SIGNATURE, BadImageError, check_png
from medtui.datasets.decoding.settings import DecodeSettings
from tests.helpers.drawn_images import encode


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk with a correct checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, data: bytes, depth: int = 8, colour: int = 0) -> bytes:
    """Return a PNG file whose header and image data may contradict each other."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Return an RGB image without symmetry."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    return Image.fromarray(pixels)


def test_every_truncation_of_a_png_is_refused(photo: Image.Image) -> None:
    """A PNG cut anywhere is refused."""
    data = encode(photo)
    for length in range(0, len(data) - 1, 37):
        with pytest.raises(BadImageError):
            decode_bytes(data[:length], DecodeSettings(16, 3))


def test_every_flipped_byte_of_a_png_is_refused(photo: Image.Image) -> None:
    """A flipped byte is detected at each of 200 positions: checksums cover every byte."""
    data = encode(photo)
    for position in np.linspace(0, len(data) - 1, 200).astype(int):
        broken = bytearray(data)
        broken[position] ^= 0x41
        with pytest.raises(BadImageError):
            decode_bytes(bytes(broken), DecodeSettings(16, 3))


def test_missing_rows_are_refused_though_pillow_accepts_them() -> None:
    """A PNG with 10 of 64 rows is refused although its checksums are correct."""
    rows = b"".join(b"\0" + bytes(range(64)) for _ in range(10))
    broken = png(64, 64, zlib.compress(rows))
    Image.open(io.BytesIO(broken)).verify()
    with pytest.raises(BadImageError, match=r"rows missing: 650 of 4,160 bytes"):
        check_png(broken)


def test_a_bomb_is_refused_by_its_header() -> None:
    """An image of 30,000 x 30,000 pixels is refused before it is inflated."""
    with pytest.raises(BadImageError, match="too large: 30000 x 30000"):
        decode_bytes(png(30000, 30000, zlib.compress(b"\0")), DecodeSettings(16, 3))


def test_surplus_image_data_is_not_inflated() -> None:
    """Image data that is longer than its rows is refused after one surplus byte."""
    with pytest.raises(BadImageError, match="more image data"):
        check_png(png(4, 4, zlib.compress(bytes(1 << 26))))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"x", "not an image"),
        (b"<html>not found</html>", "not an image"),
        (SIGNATURE, "truncated"),
        (png(0, 0, b""), "no pixels"),
        (png(4, 4, b"", depth=3), "invalid header"),
        (SIGNATURE + chunk(b"IEND", b""), "no header"),
    ],
)
def test_what_is_no_image_says_why(data: bytes, reason: str) -> None:
    """Each kind of damage has its own message."""
    with pytest.raises(BadImageError, match=reason):
        decode_bytes(data, DecodeSettings(16, 3))


def test_a_truncated_jpeg_is_refused(photo: Image.Image) -> None:
    """A JPEG without its end marker is refused."""
    data = encode(photo, "JPEG")
    for length in (len(data) // 4, len(data) // 2, len(data) - 2):
        with pytest.raises(BadImageError):
            decode_bytes(data[:length], DecodeSettings(16, 3))


def test_several_frames_are_refused(photo: Image.Image) -> None:
    """An animation is refused."""
    turned = photo.rotate(90)
    data = encode(photo.convert("P"), "GIF", save_all=True, append_images=[turned.convert("P")])
    with pytest.raises(BadImageError, match="several frames"):
        decode_bytes(data, DecodeSettings(16, 3))


def test_a_wrong_ending_does_not_matter(photo: Image.Image, tmp_path: Path) -> None:
    """A JPEG named .png is decoded by its content."""
    path = tmp_path / "cell.png"
    path.write_bytes(encode(photo, "JPEG"))
    assert decode_file(path, DecodeSettings(16, 3)).kind == "JPEG RGB 48x40"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """A named pipe where an image should be is refused at once."""
    os.mkfifo(tmp_path / "cell.png")
    with pytest.raises(BadImageError, match="not a regular file"):
        decode_file(tmp_path / "cell.png", DecodeSettings(16, 3))


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    """A file that was deleted after the scan is listed as bad; nothing fails."""
    with pytest.raises(BadImageError, match="No such file"):
        decode_file(tmp_path / "gone.png", DecodeSettings(16, 3))
