"""A recording of tensor calls that is repeated on the same memory, in place of a CUDA graph."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class RecordedCalls(TorchDispatchMode):
    """Records the tensor calls of a step and repeats them on the same memory, like a CUDA graph."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []
        self.num_replays = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run a call and record it with the tensor that it returned."""
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result

    def warm_up(self, body):
        """Run `body` without recording."""
        return body()

    def record(self, body):
        """Record `body`; the recording itself computes, so the first replay is skipped."""
        self.calls = calls = []
        with self:
            body()
        is_first = True

        @torch.no_grad()
        def replay():
            """Repeat every call and write its results to the recorded tensors."""
            nonlocal is_first
            self.num_replays += 1
            if not is_first:
                repeat(calls)
            is_first = False

        return replay


def repeat(calls: list[tuple[Any, Any, Any, Any]]) -> None:
    """Repeat every call and write its results to the recorded tensors."""
    for func, args, kwargs, result in calls:
        again = func(*args, **kwargs)
        for old, new in zip(as_tuple(result), as_tuple(again), strict=True):
            if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                old.copy_(new)


def as_tuple(result: Any) -> tuple[Any, ...]:
    """Return results as a tuple."""
    return tuple(result) if isinstance(result, tuple | list) else (result,)
