"""Checkpoints: tensors as safetensors, all other values as JSON; the newest two are kept.

A checkpoint is a folder that is written under a temporary name, synced and renamed, so it exists
completely or not at all. Its JSON has the tensors' checksum and its own, so damage is detected on
reading.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import safetensors.torch
from torch import Tensor

from medtui.runs.atomic_file import delete_partial, sync_folder
from medtui.runs.checkpoint_files import (
    STATE,
    TENSORS,
    SavedState,
    checkpoint_numbers,
    checkpoint_path,
    generation_in,
    read_checkpoint,
)
from medtui.runs.json_record import encode_json_record
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.storage import UnreadableFile
from medtui.storage.writing import writing

GENERATIONS = 2
"""Number of checkpoints kept; the older one is used if the newer one is damaged."""

COST_SHARE = 0.02
"""Maximum share of a run's time that checkpoints may take."""

_ASSUMED_BYTES_PER_SECOND = 200e6
"""Assumed rate of hashing, writing and syncing, until the first checkpoint is measured."""


Written = Callable[[int, float], None]
"""Called with the bytes and the seconds of a checkpoint that is on the disk."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read."""

    state: SavedState
    tensors: dict[str, Tensor]
    """By name, on the CPU."""


class CheckpointStore:
    """A run's `checkpoint/` folder."""

    def __init__(self, folder: Path, *, fence: Fence = unfenced, generation: int = 0) -> None:
        self.folder = folder
        self._fence = fence
        self._generation = generation
        self.damaged: list[str] = []
        """A sentence for each damaged checkpoint that `load_newest` skipped."""
        self._last_written = time.monotonic()
        self._cost_seconds = 0.0
        self.seconds = 0.0
        """Seconds that this store has spent saving."""

    def expect(self, num_bytes: int) -> None:
        """Set the expected size, so that the first checkpoint keeps within `COST_SHARE`, too."""
        self._cost_seconds = max(self._cost_seconds, num_bytes / _ASSUMED_BYTES_PER_SECOND)

    @property
    def is_due(self) -> bool:
        """Whether another checkpoint would keep within `COST_SHARE` of the run's time."""
        elapsed = time.monotonic() - self._last_written
        return elapsed * COST_SHARE >= self._cost_seconds

    def save(self, state: SavedState, tensors: Mapping[str, Tensor]) -> int:
        """Write a checkpoint, delete all but the newest two, and return its size in bytes.

        Raises:
            OSError: the disk is full; earlier checkpoints are unchanged.
            Superseded: another process has taken the run over; earlier checkpoints are
                unchanged.
        """
        began = time.monotonic()
        self.prepare()
        num_bytes = self.write(state, tensors)
        self._last_written = time.monotonic()
        self._cost_seconds = self._last_written - began
        self.seconds += self._cost_seconds
        return num_bytes

    def submit(
        self,
        state: SavedState,
        tensors: Mapping[str, Tensor],
        written: Written,
    ) -> None:
        """Write a checkpoint; call `written` with its bytes and seconds once it is on the disk.

        Raises:
            OSError, Superseded: as `save` does.
        """
        num_bytes = self.save(state, tensors)
        written(num_bytes, self._cost_seconds)

    def wait(self) -> None:
        """Return once every checkpoint is on the disk."""

    def prepare(self) -> None:
        """Delete what interrupted writers left. Must not run while another thread writes here."""
        self._fence()
        delete_partial(self.folder)

    def write(self, state: SavedState, tensors: Mapping[str, Tensor]) -> int:
        """Write a checkpoint, delete all but the newest two, and return its size in bytes.

        Raises:
            OSError, Superseded: as `save` does.
        """
        raw = safetensors.torch.save(
            {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        )
        digest = hashlib.sha256(raw).hexdigest()
        state = msgspec.structs.replace(
            state, sha256=digest, num_bytes=len(raw), generation=self._generation
        )
        meta = encode_json_record(state)
        numbers = checkpoint_numbers(self.folder)
        final = checkpoint_path(self.folder, (numbers[-1] if numbers else 0) + 1)
        partial = self.folder / f".{final.name}.part"
        try:
            partial.mkdir(parents=True)
            _write_synced(partial / TENSORS, raw)
            _write_synced(partial / STATE, meta)
            self._fence()
            partial.rename(final)
        except OSError:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        sync_folder(self.folder)
        for number in checkpoint_numbers(self.folder)[:-GENERATIONS]:
            shutil.rmtree(checkpoint_path(self.folder, number), ignore_errors=True)
        return len(raw) + len(meta)

    def load_newest(self) -> Checkpoint | None:
        """Return the newest undamaged checkpoint of the newest writer; None if there is none.

        A superseded writer's checkpoint does not count, even if it was written later.
        """
        newest: Checkpoint | None = None
        for number in reversed(checkpoint_numbers(self.folder)):
            path = checkpoint_path(self.folder, number)
            if newest is not None and generation_in(path) <= newest.state.generation:
                continue
            try:
                newest = _read(path)
            except (UnreadableFile, ValueError) as error:
                self.damaged.append(f"checkpoint {path.name} is damaged ({error}); skipped")
        return newest

    def clear(self) -> None:
        """Delete all checkpoints.

        Raises:
            Superseded: another process has taken the run over; nothing was deleted.
        """
        self._fence()
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(path: Path) -> Checkpoint:
    """Return a checkpoint.

    Raises:
        UnreadableFile: it is damaged.
        ValueError: its tensors are of an unknown form.
    """
    state, content = read_checkpoint(path)
    try:
        return Checkpoint(state, safetensors.torch.load(content))
    except Exception as error:
        raise ValueError(f"{path / TENSORS}: {error}") from error


def _write_synced(path: Path, content: bytes) -> None:
    with writing(path, len(content)), path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with `prefix.` before every name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def unprefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `prefix.`, by their names without it."""
    start = f"{prefix}."
    return {
        name[len(start) :]: tensor for name, tensor in tensors.items() if name.startswith(start)
    }
