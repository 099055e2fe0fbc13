"""Files in a run's `checkpoint/` folder: numbered checkpoints, and intermediate models.

Knows no torch, so that they can be verified without it. `state.json` of a checkpoint contains the
digest of its tensors and a checksum over itself: no changed digit in either is used.
"""

from pathlib import Path
from typing import Any

import msgspec

from medtui.runs.json_record import read_json_record, require_json_record, write_json_record
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.storage import FileDigest, UnreadableFile, digest_of, read_bytes, require_content

TENSORS, STATE = "tensors.safetensors", "state.json"
"""Files of a numbered checkpoint."""

MAX_BYTES = 64 * 1024**3
"""More than the tensors of any network that is trained here have."""


class SavedState(msgspec.Struct, frozen=True):
    """The values of a checkpoint that are not tensors."""

    stage: str
    """`reference`, `compress` or `finetune`."""
    cycle: int
    """The current cycle or epoch."""
    step: int
    """Steps completed in it."""
    values: dict[str, Any]
    """The stage's own values; JSON stores floats exactly."""
    fingerprint: dict[str, str]
    """Versions and hardware that change the bits of a result."""
    warnings: list[str] = []
    """Warnings that the result will contain."""
    sha256: str = ""
    """Checksum of the tensors' file."""
    num_bytes: int | None = None
    """Length of the tensors' file; None in checkpoints of earlier versions."""
    generation: int = 0
    """Generation of the writer, see `medtui.runs.ownership.claim`; 0 in earlier versions."""


class IntermediateModels(msgspec.Struct, frozen=True):
    """Content of `checkpoint/models.json`."""

    files: dict[str, FileDigest] = {}
    """Name of each model that a later stage reads to its digest."""


_state_decoder = msgspec.json.Decoder(SavedState)
_models_decoder = msgspec.json.Decoder(IntermediateModels)


def checkpoint_numbers(folder: Path) -> list[int]:
    """Return the numbers of the checkpoints in a folder, oldest first."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isdecimal() and name.isascii())


def checkpoint_path(folder: Path, number: int) -> Path:
    """Return the folder of a numbered checkpoint."""
    return folder / f"{number:06d}"


def generation_in(path: Path) -> int:
    """Return the generation of a checkpoint's writer; 0 where it cannot be read."""
    try:
        return require_json_record(path / STATE, _state_decoder).generation
    except UnreadableFile:
        return 0


def read_checkpoint(path: Path) -> tuple[SavedState, bytes]:
    """Return the state of a checkpoint, and the content of its tensors' file.

    Raises:
        UnreadableFile: one of both is missing or differs from what was written.
    """
    state = require_json_record(path / STATE, _state_decoder)
    tensors = path / TENSORS
    content = read_bytes(tensors, MAX_BYTES if state.num_bytes is None else state.num_bytes)
    num_bytes = len(content) if state.num_bytes is None else state.num_bytes
    require_content(tensors, content, FileDigest(state.sha256, num_bytes))
    return state, content


def note_model(folder: Path, name: str, content: bytes, fence: Fence = unfenced) -> None:
    """Record the digest of a model that was written and that a later session reads.

    Raises:
        OSError: the disk is full.
        Superseded: by `fence`.
    """
    known = read_json_record(folder / "models.json", _models_decoder) or IntermediateModels()
    files = known.files | {name: digest_of(content)}
    folder.mkdir(parents=True, exist_ok=True)
    write_json_record(folder / "models.json", IntermediateModels(files), fence)


def noted_model(folder: Path, name: str) -> FileDigest | None:
    """Return the recorded digest of a model; None where an earlier version wrote it.

    Raises:
        UnreadableFile: the record is damaged.
    """
    known = read_json_record(folder / "models.json", _models_decoder)
    return known.files.get(name) if known else None
