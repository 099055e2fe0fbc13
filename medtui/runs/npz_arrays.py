"""Reads arrays from an `.npz` file that may be damaged or hostile. Imports numpy, but no torch.

`numpy.load` allocates what a member's header states and what its compressed content expands to, so
a file of some bytes can fill the memory. Here shapes and lengths are checked against each other
before anything is allocated.
"""

import io
import math
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medtui.storage import DamagedFile, FileDigest, read_bytes, require_content

MAX_BYTES = 4 * 1024**3
"""More than a file of predictions has; that of a million images has some 100 MiB."""

_MAX_RATIO = 256
"""Expanded bytes per byte of the file; names, which repeat, reach about 50."""

_ALWAYS_ALLOWED = 32 * 1024**2
"""Expanded bytes that are always allowed, since short files can have large ratios."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_arrays(path: Path, digest: FileDigest | None = None) -> dict[str, NDArray[np.generic]]:
    """Return all arrays of an `.npz` file by name; none has objects.

    Raises:
        UnreadableFile: it is missing, damaged, expands to too much, or differs from `digest`.
    """
    content = read_bytes(path, MAX_BYTES)
    require_content(path, content, digest)
    try:
        return unpack_arrays(content)
    except Exception as error:
        # The parsers of zip files and of numpy's headers raise errors of a dozen types.
        raise DamagedFile(path, str(error) or type(error).__name__) from error


def unpack_arrays(content: bytes) -> dict[str, NDArray[np.generic]]:
    """Return the arrays in the content of an `.npz` file.

    Raises:
        Exception: it is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        expanded = sum(member.file_size for member in members)
        if expanded > max(_ALWAYS_ALLOWED, _MAX_RATIO * len(content)):
            raise ValueError(f"it expands to {expanded:,} bytes")
        if any(member.compress_type not in _METHODS for member in members):
            raise ValueError("it is compressed by another method than deflate")
        return {
            member.filename.removesuffix(".npy"): _array_of(_expand(archive, member))
            for member in members
        }


def _expand(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return a member's content, of which no more is expanded than the archive states."""
    with archive.open(member) as file:
        return file.read(member.file_size)


def _array_of(content: bytes) -> NDArray[np.generic]:
    """Return the array of one member, which has as many bytes as its header states."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"an array is of version {version}")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise ValueError("an array has objects")
    data = content[file.tell() :]
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"an array of shape {shape} has {len(data):,} bytes")
    flat = np.frombuffer(bytearray(data), dtype)
    return flat.reshape(shape, order="F" if is_fortran else "C")
