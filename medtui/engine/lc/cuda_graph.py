"""The fast mode's L step for one minibatch: run eagerly, or replayed as one CUDA graph."""

from collections.abc import Callable

from torch import Tensor, nn

from medtui.engine.lc.fused_sgd import FusedSgd
from medtui.engine.lc.state import Criterion, LcState
from medtui.engine.precision import Precision
from medtui.engine.training.cropped_view import view_for
from medtui.engine.training.recording import CudaGraphs, Recorded


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


class GraphedStep(FastStep):
    """The step as one CUDA graph, recorded after warm-up; eager where recording fails."""

    def __init__(
        self, precision: Precision, graphs: CudaGraphs, warn: Callable[[str], None]
    ) -> None:
        super().__init__(precision)
        self._recorder = graphs, warn
        self._recorded: Recorded | None = None

    def _advance(
        self, state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion
    ) -> Tensor:
        optimizer = state.optimizer
        assert isinstance(optimizer, FusedSgd), "the other optimisers reallocate their tensors"

        def step(inputs: Tensor, targets: Tensor) -> Tensor:
            loss = self._differentiate(inputs, targets, criterion)
            optimizer.advance()
            return loss

        if self._recorded is None:
            self._recorded = Recorded("The L step", step, self._recorder)
        optimizer.prepare(state.lr, state.mu, state.theta, state.lm)
        return self._recorded(inputs, targets)
