"""Packed files: nonzero values and a bit mask, compressed. Needs numpy and zstandard only.

Layout, all numbers little-endian: 8 bytes `MEDTUIPK`, uint32 version (1), uint32 length of the
header, 32 bytes of sha256, the header as JSON, and one zstd frame to the end of the file.
Specification: docs/reference/packed-file.md.
"""

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from medtui.errors import EnvironmentProblem
from medtui.runs.json_record import DECODE_ERRORS
from medtui.storage import read_bytes

MAGIC = b"MEDTUIPK"
VERSION = 1

MAX_BYTES = 4 << 30
"""Maximum bytes of all unpacked tensors, against damaged or malicious headers."""

_LENGTHS = len(MAGIC) + 8
_PREFIX = _LENGTHS + 32
_LEVEL = 9
"""zstd's compression level; its highest takes ten times as long and saves less than 2 %."""

_TYPES = ("float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool")

Arrays = Mapping[str, NDArray[np.generic]]


class PackedTensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tensor's entry in the header; its bytes follow those of the previous entry."""

    name: str
    dtype: str
    """numpy's name of the type."""
    shape: tuple[int, ...]
    num_nonzero: int | None
    """Number of values after the bit mask; None if all values are stored without a mask."""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return int(np.dtype(self.dtype).itemsize)

    @property
    def mask_bytes(self) -> int:
        """Bytes of the bit mask."""
        return 0 if self.num_nonzero is None else -(-self.size // 8)

    @property
    def num_values(self) -> int:
        """Number of stored values."""
        return self.size if self.num_nonzero is None else self.num_nonzero

    @property
    def num_bytes(self) -> int:
        """Bytes before compression."""
        return self.mask_bytes + self.num_values * self.itemsize


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header of a packed file."""

    metadata: str
    """medtui's metadata as JSON."""
    tensors: list[PackedTensor]


def write_packed(path: Path, arrays: Arrays, metadata: str) -> None:
    """Write arrays without loss, except for the sign of zeros.

    Raises:
        OSError: the disk is full.
    """
    import zstandard

    entries, parts = [], []
    for name, array in arrays.items():
        entry, content = _pack(name, np.asarray(array))
        entries.append(entry)
        parts.append(content)
    payload = b"".join(parts)
    header = msgspec.json.encode(Header(metadata, entries))
    frame = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(payload)
    lengths = np.array([VERSION, len(header)], "<u4").tobytes()
    checksum = hashlib.sha256(header + payload).digest()
    path.write_bytes(MAGIC + lengths + checksum + header + frame)


def read_packed(path: Path) -> tuple[dict[str, NDArray[np.generic]], str]:
    """Return a file's arrays by name, and its metadata.

    Raises:
        EnvironmentProblem: the file cannot be read, is damaged, or of a later version.
    """
    raw = read_bytes(path, MAX_BYTES)
    try:
        text, frame = _split(raw)
        header = _decode(text)
        payload = _decompress(frame, sum(entry.num_bytes for entry in header.tensors))
        checksum = hashlib.sha256(text + payload).digest()
        _require(checksum == raw[_LENGTHS:_PREFIX], "its checksum does not match")
        return _unpack_all(header.tensors, payload), header.metadata
    except (ValueError, TypeError, *DECODE_ERRORS) as error:
        raise EnvironmentProblem(f"{path} is not a valid packed file: {error}.") from error


def _pack(name: str, array: NDArray[np.generic]) -> tuple[PackedTensor, bytes]:
    flat = array.reshape(-1)
    is_nonzero = flat != 0
    sparse = PackedTensor(name, array.dtype.name, array.shape, int(is_nonzero.sum()))
    dense = PackedTensor(name, array.dtype.name, array.shape, None)
    if sparse.num_bytes >= dense.num_bytes:
        return dense, _planes(flat)
    return sparse, np.packbits(is_nonzero).tobytes() + _planes(flat[is_nonzero])


def _planes(values: NDArray[np.generic]) -> bytes:
    """Return the first byte of all values, then the second, and so on.

    Bytes with exponents, which repeat, become neighbours, so that zstd compresses them.
    """
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
    return little.view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return the bytes of the header and of the zstd frame."""
    _require(raw[: len(MAGIC)] == MAGIC and len(raw) >= _PREFIX, "it does not begin with MEDTUIPK")
    version, length = (int(each) for each in np.frombuffer(raw[len(MAGIC) : _LENGTHS], "<u4"))
    _require(version == VERSION, f"its version is {version}; this medtui reads version {VERSION}")
    return raw[_PREFIX : _PREFIX + length], raw[_PREFIX + length :]


def _decode(text: bytes) -> Header:
    header = msgspec.json.decode(text, type=Header)
    for entry in header.tensors:
        _require(entry.dtype in _TYPES, f"{entry.dtype} is not a supported type")
        _require(min((*entry.shape, entry.num_values)) >= 0, f"{entry.name} has a negative size")
        _require(entry.num_values <= entry.size, f"{entry.name} has more values than elements")
    total = sum(entry.size * entry.itemsize for entry in header.tensors)
    _require(total <= MAX_BYTES, f"its tensors would take {total:,} bytes")
    return header


def _decompress(frame: bytes, num_bytes: int) -> bytes:
    import zstandard

    try:
        stated = zstandard.frame_content_size(frame)
        _require(stated == num_bytes, f"it has {stated:,} bytes of content, not {num_bytes:,}")
        return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ValueError(error) from error


def _unpack_all(entries: list[PackedTensor], payload: bytes) -> dict[str, NDArray[np.generic]]:
    found: dict[str, NDArray[np.generic]] = {}
    first = 0
    for entry in entries:
        found[entry.name] = _unpack(entry, payload[first : first + entry.num_bytes])
        first += entry.num_bytes
    _require(len(found) == len(entries), "it names a tensor twice")
    return found


def _unpack(entry: PackedTensor, content: bytes) -> NDArray[np.generic]:
    planes = np.frombuffer(content[entry.mask_bytes :], np.uint8)
    little = np.ascontiguousarray(planes.reshape(entry.itemsize, -1).T)
    values = little.view(np.dtype(entry.dtype).newbyteorder("<")).reshape(-1).astype(entry.dtype)
    if entry.num_nonzero is None:
        return values.reshape(entry.shape)
    bits = np.unpackbits(np.frombuffer(content[: entry.mask_bytes], np.uint8), count=entry.size)
    _require(int(bits.sum()) == entry.num_nonzero, f"{entry.name}'s mask does not match its values")
    flat = np.zeros(entry.size, entry.dtype)
    flat[bits.astype(bool)] = values
    return flat.reshape(entry.shape)


def _require(is_so: bool, reason: str) -> None:
    if not is_so:
        raise ValueError(reason)
