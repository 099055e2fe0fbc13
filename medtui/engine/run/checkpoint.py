"""States a run can resume from: tensors as safetensors, the rest as JSON, two generations kept.

A checkpoint is a folder, written beside and renamed, whose JSON holds the tensors' checksum: it
exists whole or not at all, and damage is found before it is used.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import safetensors.torch
from torch import Tensor

from medtui.runs.atomic_file import sync_folder
from medtui.runs.json_record import DECODE_ERRORS

GENERATIONS = 2
"""Checkpoints kept; the older one stands in when the newer is damaged."""

COST_SHARE = 0.02
"""Share of a run's time that checkpoints may take."""

_ASSUMED_BYTES_PER_SECOND = 200e6
"""Pace of writing, hashing and syncing, until one checkpoint has shown it."""

_TENSORS, _STATE = "tensors.safetensors", "state.json"


class SavedState(msgspec.Struct, frozen=True):
    """The part of a checkpoint that is no tensor."""

    stage: str
    """`reference`, `compress` or `finetune`."""
    cycle: int
    """The running cycle (or epoch)."""
    step: int
    """Steps done in it."""
    values: dict[str, Any]
    """The stage's own numbers; floats survive JSON bit for bit."""
    fingerprint: dict[str, str]
    """Versions and hardware that bits depend on."""
    warnings: list[str] = []
    """Sentences that belong into the result."""
    sha256: str = ""
    """Of the tensors' file."""


@dataclass(frozen=True)
class Checkpoint:
    """A state read back."""

    state: SavedState
    tensors: dict[str, Tensor]
    """On the CPU."""


class CheckpointStore:
    """A run's `checkpoint/` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: list[str] = []
        """Sentences about checkpoints that `load_newest` had to pass over."""
        self._last_written = time.monotonic()
        self._cost_seconds = 0.0
        self.seconds = 0.0
        """Time spent saving, by this store."""

    def expect(self, num_bytes: int) -> None:
        """Say how large a checkpoint will be, so that even the first keeps within the share."""
        self._cost_seconds = max(self._cost_seconds, num_bytes / _ASSUMED_BYTES_PER_SECOND)

    @property
    def is_due(self) -> bool:
        """Whether another checkpoint keeps within `COST_SHARE` of the time."""
        elapsed = time.monotonic() - self._last_written
        return elapsed * COST_SHARE >= self._cost_seconds

    def save(self, state: SavedState, tensors: Mapping[str, Tensor]) -> int:
        """Write a checkpoint and drop all but the newest two; give its size in bytes.

        Raises:
            OSError: the disk is full; earlier checkpoints are as they were.
        """
        began = time.monotonic()
        raw = safetensors.torch.save(
            {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        )
        digest = hashlib.sha256(raw).hexdigest()
        meta = msgspec.json.encode(msgspec.structs.replace(state, sha256=digest))
        numbers = self._numbers()
        final = self.folder / f"{(numbers[-1] if numbers else 0) + 1:06d}"
        beside = self.folder / f".{final.name}.part"
        self._clear_partial()
        try:
            beside.mkdir(parents=True)
            _write_synced(beside / _TENSORS, raw)
            _write_synced(beside / _STATE, meta)
            beside.rename(final)
        except OSError:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(self.folder)
        for number in self._numbers()[:-GENERATIONS]:
            shutil.rmtree(self.folder / f"{number:06d}", ignore_errors=True)
        self._last_written = time.monotonic()
        self._cost_seconds = self._last_written - began
        self.seconds += self._cost_seconds
        return len(raw) + len(meta)

    def load_newest(self) -> Checkpoint | None:
        """Read the newest whole checkpoint; None where there is none."""
        for number in reversed(self._numbers()):
            folder = self.folder / f"{number:06d}"
            try:
                return _read(folder)
            except (OSError, ValueError, *DECODE_ERRORS) as error:
                self.damaged.append(f"checkpoint {folder.name} is damaged ({error}); passed over")
        return None

    def clear(self) -> None:
        """Remove every checkpoint: the run is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _numbers(self) -> list[int]:
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in names if name.isdigit())

    def _clear_partial(self) -> None:
        for partial in self.folder.glob(".*.part"):
            shutil.rmtree(partial, ignore_errors=True)


def _read(folder: Path) -> Checkpoint:
    state = msgspec.json.decode((folder / _STATE).read_bytes(), type=SavedState)
    raw = (folder / _TENSORS).read_bytes()
    if hashlib.sha256(raw).hexdigest() != state.sha256:
        raise ValueError("its checksum does not hold")
    return Checkpoint(state, safetensors.torch.load(raw))


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put `prefix.` before every name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def unprefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors under `prefix.`, by their names below it."""
    start = f"{prefix}."
    return {
        name[len(start) :]: tensor for name, tensor in tensors.items() if name.startswith(start)
    }
