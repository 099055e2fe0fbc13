"""The packed file: nonzero values and a bit mask, compressed. Reads with numpy and zstandard alone.

Layout, all numbers little-endian: 8 bytes `MEDTUIPK`, uint32 version (1), uint32 length of the
header, 32 bytes of sha256, the header as JSON, and one zstd frame to the end of the file. In full:
docs/reference/packed-file.md.
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

MAGIC = b"MEDTUIPK"
VERSION = 1

MAX_BYTES = 4 << 30
"""Of all tensors, unpacked: a damaged or hostile header asks for no more."""

_LENGTHS = len(MAGIC) + 8
_PREFIX = _LENGTHS + 32
_LEVEL = 9
"""zstd's; its highest takes ten times as long and, weights being noise, gives less than 2 %."""

_TYPES = ("float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool")

Arrays = Mapping[str, NDArray[np.generic]]


class PackedTensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tensor's entry in the header; its bytes follow those of the entry before."""

    name: str
    dtype: str
    """numpy's name of it."""
    shape: tuple[int, ...]
    num_nonzero: int | None
    """Values behind the bit mask; None where all values are there and no mask."""

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return int(np.dtype(self.dtype).itemsize)

    @property
    def mask_bytes(self) -> int:
        """Bytes of its bit mask."""
        return 0 if self.num_nonzero is None else -(-self.size // 8)

    @property
    def num_values(self) -> int:
        """Values that are stored."""
        return self.size if self.num_nonzero is None else self.num_nonzero

    @property
    def num_bytes(self) -> int:
        """Bytes before compression."""
        return self.mask_bytes + self.num_values * self.itemsize


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a packed file says of itself."""

    metadata: str
    """medtui's, as JSON."""
    tensors: list[PackedTensor]


def write_packed(path: Path, arrays: Arrays, metadata: str) -> None:
    """Write arrays. A zero loses its sign; nothing else changes by a bit.

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
    """Read a file's arrays and its metadata.

    Raises:
        EnvironmentProblem: it cannot be read, is damaged, or of a later version.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text, frame = _split(raw)
        header = _decode(text)
        payload = _decompress(frame, sum(entry.num_bytes for entry in header.tensors))
        checksum = hashlib.sha256(text + payload).digest()
        _require(checksum == raw[_LENGTHS:_PREFIX], "its checksum is another")
        return _unpack_all(header.tensors, payload), header.metadata
    except (ValueError, TypeError, *DECODE_ERRORS) as error:
        raise EnvironmentProblem(f"{path} is no sound packed file: {error}.") from error


def _pack(name: str, array: NDArray[np.generic]) -> tuple[PackedTensor, bytes]:
    flat = array.reshape(-1)
    is_nonzero = flat != 0
    sparse = PackedTensor(name, array.dtype.name, array.shape, int(is_nonzero.sum()))
    dense = PackedTensor(name, array.dtype.name, array.shape, None)
    if sparse.num_bytes >= dense.num_bytes:
        return dense, _planes(flat)
    return sparse, np.packbits(is_nonzero).tobytes() + _planes(flat[is_nonzero])


def _planes(values: NDArray[np.generic]) -> bytes:
    """Return first bytes of all values, then second ones: exponents beside exponents compress."""
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
    return little.view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return the header's text and the frame."""
    _require(raw[: len(MAGIC)] == MAGIC and len(raw) >= _PREFIX, "it does not begin like one")
    version, length = (int(each) for each in np.frombuffer(raw[len(MAGIC) : _LENGTHS], "<u4"))
    _require(version == VERSION, f"it is of version {version}; this medtui reads {VERSION}")
    return raw[_PREFIX : _PREFIX + length], raw[_PREFIX + length :]


def _decode(text: bytes) -> Header:
    header = msgspec.json.decode(text, type=Header)
    for entry in header.tensors:
        _require(entry.dtype in _TYPES, f"{entry.dtype} is no type that it can hold")
        _require(min((*entry.shape, entry.num_values)) >= 0, f"{entry.name} has a negative size")
        _require(entry.num_values <= entry.size, f"{entry.name} has more values than elements")
    total = sum(entry.size * entry.itemsize for entry in header.tensors)
    _require(total <= MAX_BYTES, f"its tensors would take {total:,} bytes")
    return header


def _decompress(frame: bytes, num_bytes: int) -> bytes:
    import zstandard

    try:
        told = zstandard.frame_content_size(frame)
        _require(told == num_bytes, f"{told:,} bytes of content where {num_bytes:,} are told of")
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
    _require(int(bits.sum()) == entry.num_nonzero, f"{entry.name}'s mask is of other values")
    flat = np.zeros(entry.size, entry.dtype)
    flat[bits.astype(bool)] = values
    return flat.reshape(entry.shape)


def _require(is_so: bool, complaint: str) -> None:
    if not is_so:
        raise ValueError(complaint)
