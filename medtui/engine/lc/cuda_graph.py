"""A whole minibatch of the L step in the fast mode: computed call by call, or as one CUDA graph.

A graph replays recorded kernels on the memory they were recorded with, so all that changes from
step to step is copied there first. Source: docs.pytorch.org, notes/cuda, "Whole-network capture".
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from medtui.engine.lc.fused_sgd import FusedSgd
from medtui.engine.lc.loop import Criterion, LcState
from medtui.engine.precision import Arithmetic

WARM_UP_STEPS = 3
"""Steps computed before one is recorded, in which libraries choose and allocate what they need."""


class FastStep:
    """Forward, backward and update, in the fast mode's arithmetic."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self._arithmetic = arithmetic
        self._is_laid_out = False

    def __call__(
        self, state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion
    ) -> Tensor:
        """Advance w by a minibatch; give its loss, 0-d and detached."""
        if not self._is_laid_out:  # after a checkpoint was read, and after theta was copied from w
            state.w.to(memory_format=self._arithmetic.memory_format)
            self._is_laid_out = True
        return self._advance(state, inputs, targets, criterion)

    def _advance(
        self, state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion
    ) -> Tensor:
        loss = self._differentiate(state.w, inputs, targets, criterion)
        state.optimizer.step(state.lr, state.mu, state.theta, state.lm)
        return loss

    def _differentiate(
        self, w: nn.Module, inputs: Tensor, targets: Tensor, criterion: Criterion
    ) -> Tensor:
        for parameter in w.parameters():
            parameter.grad = None
        loss = criterion(self._arithmetic.logits(w, inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        return loss.detach()


class CudaGraphs:
    """Torch's own recorder."""

    def compute(self, body: Callable[[], Tensor]) -> Tensor:
        """Compute on a stream of its own, as torch asks for before a recording."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call] # torch's own
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            result = body()
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def record(self, body: Callable[[], None]) -> Callable[[], None]:
        """Record what `body` would launch, which is not carried out; give its replay.

        Raises:
            RuntimeError: something in it cannot be recorded.
        """
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            body()
        return graph.replay


class GraphedStep(FastStep):
    """The same step by one launch, once it is recorded; call by call where it cannot be."""

    def __init__(
        self, arithmetic: Arithmetic, graphs: CudaGraphs, warn: Callable[[str], None]
    ) -> None:
        super().__init__(arithmetic)
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
            return self._graphs.compute(lambda: advance(state, inputs, targets, criterion))
        optimizer = state.optimizer
        assert isinstance(optimizer, FusedSgd), "no other rule keeps still"
        optimizer.aim(state.lr, state.mu, state.theta, state.lm)
        if self._replay is None and not self._has_failed:
            self._record(state.w, optimizer, inputs, targets, criterion)
        if self._replay is None or inputs.shape != self._inputs.shape:
            return super()._advance(state, inputs, targets, criterion)
        self._inputs.copy_(inputs)
        self._targets.copy_(targets)
        self._replay()
        return self._loss.clone()

    def _record(
        self,
        w: nn.Module,
        optimizer: FusedSgd,
        inputs: Tensor,
        targets: Tensor,
        criterion: Criterion,
    ) -> None:
        self._inputs, self._targets = inputs.clone(), targets.clone()
        self._loss = torch.zeros((), device=inputs.device)

        def body() -> None:
            self._loss.copy_(self._differentiate(w, self._inputs, self._targets, criterion))
            optimizer.advance()

        try:
            self._replay = self._graphs.record(body)
        except RuntimeError as error:
            self._has_failed = True
            reason = str(error).partition("\n")[0]
            self._warn(f"The L step cannot be recorded as a CUDA graph, and is slower: {reason}")
