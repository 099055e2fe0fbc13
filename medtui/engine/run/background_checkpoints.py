"""Checkpoints of a run on a GPU: copied beside the training, and written by a thread.

Copying 179 MB to the host, hashing, writing and syncing them takes up to a second, in which the GPU
would wait. Here the training waits for a copy on the device alone. The files are the same, and so
is their safety: a checkpoint is renamed into place when it is complete.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from medtui.engine.run.checkpoint import CheckpointStore, Written
from medtui.runs.checkpoint_files import SavedState
from medtui.runs.ownership.claim import Fence, unfenced

Snapshot = Callable[[], dict[str, Tensor]]
"""Waits for copies of tensors, and returns them on the CPU."""


@dataclass(frozen=True)
class _Pending:
    """A checkpoint that a thread writes."""

    result: Future[tuple[int, float]]
    written: Written


class BackgroundCheckpoints(CheckpointStore):
    """A run's `checkpoint/` folder, written by a thread; one checkpoint at a time.

    The thread's errors are raised by the next call here, and so are the calls of `written` made.
    """

    def __init__(self, folder: Path, *, fence: Fence = unfenced, generation: int = 0) -> None:
        super().__init__(folder, fence=fence, generation=generation)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._copier = TensorCopier()
        self._pending: _Pending | None = None

    @property
    def is_due(self) -> bool:
        """Whether none is being written, and another would keep within `COST_SHARE`.

        Raises:
            OSError, Superseded: the one that was being written failed.
        """
        if self._pending is not None and self._pending.result.done():
            self.wait()
        return self._pending is None and super().is_due

    def submit(self, state: SavedState, tensors: Mapping[str, Tensor], written: Written) -> None:
        """Copy the tensors and the state as they are now, and have them written.

        Raises:
            OSError, Superseded: this checkpoint or the one before failed.
        """
        self.wait()
        began = time.monotonic()
        self.prepare()
        # The lists among the values grow while the thread writes.
        snapshot, now = self._copier.copy(tensors), deepcopy(state)
        self._pending = _Pending(self._writer.submit(self._write, now, snapshot), written)
        self.seconds += time.monotonic() - began

    def wait(self) -> None:
        """Return once every checkpoint is on the disk.

        Raises:
            OSError, Superseded: one could not be written; earlier ones are unchanged.
        """
        if self._pending is None:
            return
        pending, self._pending = self._pending, None
        num_bytes, seconds = pending.result.result()
        self._last_written, self._cost_seconds = time.monotonic(), seconds
        pending.written(num_bytes, seconds)

    def clear(self) -> None:
        """Delete all checkpoints, once none is being written.

        Raises:
            OSError, Superseded: as `wait` does, or another process has taken the run over.
        """
        self.wait()
        super().clear()

    def _write(self, state: SavedState, snapshot: Snapshot) -> tuple[int, float]:
        began = time.monotonic()
        num_bytes = self.write(state, snapshot())
        return num_bytes, time.monotonic() - began


class TensorCopier:
    """Copies tensors to the host beside the work that is queued on the device.

    A copy on the device comes first, in order with the training, which may then change the
    originals. Pinned memory, without which a copy to the host waits, is kept for the next time.
    """

    def __init__(self) -> None:
        self._pinned: dict[str, Tensor] = {}

    @torch.no_grad()
    def copy(self, tensors: Mapping[str, Tensor]) -> Snapshot:
        """Return a snapshot of the tensors; the one before must have been written."""
        device = next((each.device for each in tensors.values() if each.is_cuda), None)
        copies = {name: each.detach().clone() for name, each in tensors.items()}
        return self._to_host(copies, device) if device is not None else lambda: copies

    def _to_host(self, copies: Mapping[str, Tensor], device: torch.device) -> Snapshot:
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch's own
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for name, each in copies.items():
                self._pinned_for(name, each).copy_(each, non_blocking=True)
                # Its memory is not reused before the copy to the host is made.
                if each.is_cuda:
                    each.record_stream(stream)
        done = stream.record_event()

        def host() -> dict[str, Tensor]:
            done.synchronize()
            return {name: self._pinned[name] for name in copies}

        return host

    def _pinned_for(self, name: str, like: Tensor) -> Tensor:
        kept = self._pinned.get(name)
        if kept is None or (kept.shape, kept.dtype) != (like.shape, like.dtype):
            kept = torch.empty(like.shape, dtype=like.dtype, pin_memory=True)
            self._pinned[name] = kept
        return kept
