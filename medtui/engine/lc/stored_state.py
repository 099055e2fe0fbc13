"""The state of an L-C run in a checkpoint."""

from typing import Any

from torch import Tensor

from medtui.engine.lc.state import LcState
from medtui.engine.run.checkpoint import Checkpoint, prefixed, unprefixed
from medtui.engine.training.network import restore_state, state_of

MODELS = ("w", "theta", "lm", "best")
"""The models in a checkpoint, each as large as the network."""


def values_of(state: LcState) -> dict[str, Any]:
    """Return the values that are not tensors."""
    return {
        "mu": state.mu,
        "best_loss": state.best_loss,
        "best_cycle": state.best_cycle,
        "train_losses": state.train_losses,
        "val_losses": state.val_losses,
        "test_losses": state.test_losses,
    }


def tensors_of(state: LcState) -> dict[str, Tensor]:
    """Return the models and, within a cycle, the momentum."""
    tensors: dict[str, Tensor] = {}
    for name in MODELS:
        tensors |= prefixed(name, state_of(getattr(state, name)))
    if state.step:
        tensors |= prefixed("velocity", state.optimizer.velocity)
    return tensors


def restore(state: LcState, checkpoint: Checkpoint) -> None:
    """Load a checkpoint into `state`."""
    values = checkpoint.state.values
    for name in MODELS:
        restore_state(getattr(state, name), unprefixed(name, checkpoint.tensors))
    for name, velocity in unprefixed("velocity", checkpoint.tensors).items():
        state.optimizer.velocity[name].copy_(velocity)
    state.cycle, state.step = checkpoint.state.cycle, checkpoint.state.step
    state.mu, state.best_loss = values["mu"], values["best_loss"]
    state.best_cycle = values["best_cycle"]
    state.train_losses = values["train_losses"]
    state.val_losses = values["val_losses"]
    state.test_losses = values["test_losses"]
