"""Checks the form of a safetensors file without torch: its header against its length."""

import os
from pathlib import Path

import msgspec

from medtui.runs.json_record import DECODE_ERRORS
from medtui.storage import DamagedFile, open_regular, unreadable

_LENGTH_BYTES = 8
_MAX_HEADER_BYTES = 100_000_000
"""The limit of the format. Source: https://github.com/huggingface/safetensors#format"""


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def check_safetensors(path: Path) -> None:
    """Check that a file has the header and the length of tensors in the safetensors format.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            is_plausible = length <= min(_MAX_HEADER_BYTES, size - _LENGTH_BYTES)
            header = file.read(length) if is_plausible else b""
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        entries = _decoder.decode(header)
        entries.pop("__metadata__", None)
        tensors = [msgspec.json.decode(raw, type=_Tensor) for raw in entries.values()]
    except DECODE_ERRORS as error:
        raise DamagedFile(path, f"it has no header of tensors: {error}") from error
    end = max((tensor.data_offsets[1] for tensor in tensors), default=0)
    if _LENGTH_BYTES + length + end != size:
        raise DamagedFile(path, f"it has {size:,} bytes, but its header states other lengths")
