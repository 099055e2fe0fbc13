"""The fast mode's L step for one minibatch: run eagerly, or replayed as one CUDA graph.

Forward and backward pass of a ResNet-18 launch about 225 kernels, and at batch 128 a GPU spends
more time on the launches than on arithmetic. A CUDA graph is one launch. It replays kernels on
the addresses that they were recorded with, so everything that changes between steps (images,
labels, learning rate) is first copied into the recorded tensors; batches of another shape, such as
the last of an epoch, run eagerly.
Source: docs.pytorch.org, notes/cuda, "Whole-network capture".
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from medtui.engine.lc.fused_sgd import FusedSgd
from medtui.engine.lc.state import Criterion, LcState
from medtui.engine.precision import Precision
from medtui.engine.training.cropped_view import view_for

WARM_UP_STEPS = 3
"""Eager steps before the recording, in which cuDNN selects algorithms and allocates workspaces."""


class FastStep:
    """Forward pass, backward pass and update in the fast mode's precision."""

    def __init__(self, precision: Precision) -> None:
        self._precision = precision
        self._network: nn.Module | None = None

    def __call__(
        self, state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion
    ) -> Tensor:
        """Update w on a minibatch; return its loss, 0-d and detached."""
        # Not in `__init__`: w is loaded from a checkpoint, and copied to theta, only after that.
        if self._network is None:
            state.w.to(memory_format=self._precision.memory_format)
            _, channels, height, width = inputs.shape
            view = view_for(self._precision, state.w, (channels, height, width))
            self._network = view.network.train()
            assert isinstance(state.optimizer, FusedSgd), "the others know of no view"
            state.optimizer.bind(view)
        return self._advance(state, inputs, targets, criterion)

    def _advance(
        self, state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion
    ) -> Tensor:
        loss = self._differentiate(inputs, targets, criterion)
        state.optimizer.step(state.lr, state.mu, state.theta, state.lm)
        return loss

    def _differentiate(self, inputs: Tensor, targets: Tensor, criterion: Criterion) -> Tensor:
        assert self._network is not None, "set at the first step"
        for parameter in self._network.parameters():
            parameter.grad = None
        loss = criterion(self._precision.logits(self._network, inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        return loss.detach()


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
        with torch.cuda.graph(graph):
            body()
        return graph.replay


class GraphedStep(FastStep):
    """The step as one CUDA graph, recorded after warm-up; eager where recording fails."""

    def __init__(
        self, precision: Precision, graphs: CudaGraphs, warn: Callable[[str], None]
    ) -> None:
        super().__init__(precision)
        self._graphs = graphs
        self._warn = warn
        self._num_seen = 0
        self._replay: Callable[[], None] | None = None
        self._has_failed = False

    def _advance(
        self, state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion
    ) -> Tensor:
        self._num_seen += 1
        if self._num_seen <= WARM_UP_STEPS:
            advance = super()._advance
            return self._graphs.warm_up(lambda: advance(state, inputs, targets, criterion))
        optimizer = state.optimizer
        assert isinstance(optimizer, FusedSgd), "the other optimisers reallocate their tensors"
        optimizer.prepare(state.lr, state.mu, state.theta, state.lm)
        if self._replay is None and not self._has_failed:
            self._record(optimizer, inputs, targets, criterion)
        if self._replay is None or inputs.shape != self._inputs.shape:
            return super()._advance(state, inputs, targets, criterion)
        # The recorded kernels read these two tensors, and write the loss into a third.
        self._inputs.copy_(inputs)
        self._targets.copy_(targets)
        self._replay()
        return self._loss.clone()

    def _record(
        self,
        optimizer: FusedSgd,
        inputs: Tensor,
        targets: Tensor,
        criterion: Criterion,
    ) -> None:
        self._inputs, self._targets = inputs.clone(), targets.clone()
        self._loss = torch.zeros((), device=inputs.device)

        def body() -> None:
            self._loss.copy_(self._differentiate(self._inputs, self._targets, criterion))
            optimizer.advance()

        try:
            self._replay = self._graphs.record(body)
        except RuntimeError as error:
            self._has_failed = True
            reason = str(error).partition("\n")[0]
            self._warn(f"The L step runs without a CUDA graph, which is slower: {reason}")
