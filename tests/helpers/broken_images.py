"""Files among images that no decoder should answer: damaged, hostile, and of other kinds."""

import io
import os
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

NUM_FILES = 200

_OTHERS = {
    "Thumbs.db": b"\xd0\xcf\x11\xe0" + bytes(60),
    "notes.txt": b"slide 12 was stained twice\n",
    "labels.csv": b"file,label\na.png,1\n",
    "report.pdf": b"%PDF-1.7\n%%EOF\n",
    "archive.zip": b"PK\x03\x04" + bytes(40),
    "photo.heic": b"\0\0\0\x18ftypheic" + bytes(20),
    "slide.svs": b"II*\0" + bytes(40),
    "volume.nii": bytes(352),
    ".DS_Store": b"\0\0\0\1Bud1",
}
"""Name to content of files that are no images here."""


def write_broken(folder: Path, count: int = NUM_FILES, seed: int = 0) -> list[Path]:
    """Write `count` files without an answer into `folder`, and return their paths.

    Each kind comes in turn: truncated, empty, flipped, huge and garbled images, images of other
    formats, other files, and links to nothing.
    """
    rng = random.Random(seed)
    kinds = _kinds(rng)
    written = []
    for number in range(count):
        name, write = kinds[number % len(kinds)]
        hidden = "." if name.startswith(".") else ""
        path = folder / f"{hidden}broken-{number:03d}-{name}"
        write(path)
        written.append(path)
    return written


def _kinds(rng: random.Random) -> list[tuple[str, Callable[[Path], object]]]:
    return [*_damaged(rng), *_hostile(rng), *_foreign()]


def _picture(form: str, rng: random.Random) -> bytes:
    pixels = np.frombuffer(rng.randbytes(40 * 40 * 3), np.uint8).reshape(40, 40, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def _damaged(rng: random.Random) -> Iterator[tuple[str, Callable[[Path], object]]]:
    for form, ending in (("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("BMP", "bmp")):
        whole = _picture(form, rng)
        yield f"cut.{ending}", _writer_of(whole[: len(whole) // 2])
    whole = _picture("PNG", rng)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x40
    yield "flipped.png", lambda path: path.write_bytes(flipped)
    yield "head.png", lambda path: path.write_bytes(whole[:8])
    yield "empty.png", lambda path: path.write_bytes(b"")


def _hostile(rng: random.Random) -> Iterator[tuple[str, Callable[[Path], object]]]:
    yield "bomb.png", lambda path: path.write_bytes(_bomb(60_000, 60_000))
    yield "text.png", lambda path: path.write_bytes(b"<html>404</html>")
    noise = rng.randbytes(3000)
    yield "noise.jpg", lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" + noise)
    yield "noise.tif", lambda path: path.write_bytes(b"II*\0" + noise)
    yield "noise.dcm", lambda path: path.write_bytes(bytes(128) + b"DICM" + noise)
    yield "noise.webp", lambda path: path.write_bytes(b"RIFF" + noise[:4] + b"WEBP" + noise)
    yield "link.png", lambda path: path.symlink_to("nowhere.png")
    yield "pipe.png", os.mkfifo
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 255)]
    yield "film.gif", lambda path: frames[0].save(path, save_all=True, append_images=frames[1:])


def _foreign() -> Iterator[tuple[str, Callable[[Path], object]]]:
    for name, content in _OTHERS.items():
        yield name, _writer_of(content)


def _writer_of(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _bomb(width: int, height: int) -> bytes:
    """Return a small PNG that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
