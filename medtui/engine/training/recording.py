"""A function of a minibatch as one CUDA graph: recorded after warm-up, replayed for each minibatch.

Forward and backward pass of a ResNet-18 launch about 225 kernels, and at batch 128 a GPU spends
more time on the launches than on arithmetic. A CUDA graph is one launch. It replays kernels on
the addresses that they were recorded with, so everything that changes between steps (images,
labels, learning rate) is first copied into the recorded tensors; batches of another shape, such as
the last of an epoch, run eagerly.
Source: docs.pytorch.org, notes/cuda, "Whole-network capture".
"""

from collections.abc import Callable, Hashable

import torch
from torch import Tensor

WARM_UP_STEPS = 3
"""Eager steps before the recording, in which cuDNN selects algorithms and allocates workspaces."""

Function = Callable[[Tensor, Tensor], Tensor]
"""Takes two tensors of a minibatch, and works on the same other memory each time."""

Recorder = tuple["CudaGraphs", Callable[[str], None]]
"""What records, and what is told where that fails."""


class CudaGraphs:
    """Warm-up and recording with torch's CUDA graphs."""

    def warm_up(self, body: Callable[[], Tensor]) -> Tensor:
        """Run `body` on a side stream, as torch requires before a recording."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call] # torch's own
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            result = body()
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def record(self, body: Callable[[], None]) -> Callable[[], None]:
        """Record the kernels that `body` launches, without running them; return the replay.

        Raises:
            RuntimeError: an operation in `body` cannot be recorded.
        """
        graph = torch.cuda.CUDAGraph()
        # The thread that writes checkpoints may wait for its copies meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            body()
        return graph.replay


class Recorded:
    """A function that is recorded once it has warmed up; called as it is where recording fails."""

    def __init__(self, what: str, function: Function, recorder: Recorder) -> None:
        """Name the function for a warning, such as `Training`."""
        self._what = what
        self._function = function
        self._graphs, self._warn = recorder
        self._has_failed = False
        self._forget(None)

    def __call__(self, inputs: Tensor, others: Tensor, kind: Hashable = None) -> Tensor:
        """Return the function of a minibatch, in memory of its own.

        One of another `kind`, such as a step that trains other parameters, is recorded anew.
        """
        if kind != self._kind:
            self._forget(kind)
        self._num_seen += 1
        if self._num_seen <= WARM_UP_STEPS:
            result = self._graphs.warm_up(lambda: self._function(inputs, others))
            self._result = torch.empty_like(result)
            return result
        if self._replay is None and not self._has_failed:
            self._record(inputs, others)
        if self._replay is None or inputs.shape != self._inputs.shape:
            return self._function(inputs, others)
        # The recorded kernels read these two tensors, and write their result into a third.
        self._inputs.copy_(inputs)
        self._others.copy_(others)
        self._replay()
        return self._result.clone()

    def _forget(self, kind: Hashable) -> None:
        self._kind = kind
        self._num_seen = 0
        self._replay: Callable[[], None] | None = None

    def _record(self, inputs: Tensor, others: Tensor) -> None:
        self._inputs, self._others = inputs.clone(), others.clone()

        def body() -> None:
            self._result.copy_(self._function(self._inputs, self._others))

        try:
            self._replay = self._graphs.record(body)
        except RuntimeError as error:
            self._has_failed = True
            reason = str(error).partition("\n")[0]
            self._warn(f"{self._what} runs without a CUDA graph, which is slower: {reason}")
