"""The file of `model.weights`: a state dict of the user's, checked against the network."""

from pathlib import Path

from torch import Tensor, nn

from medtui.engine.training.weights_file import WeightsFile, named
from medtui.units import plural

_HINT = "Use a state dict of this architecture with this number of classes and channels."
_PARALLEL = "module."
"""What `DataParallel` puts before each name."""


def load_weights(network: nn.Module, path: Path) -> None:
    """Load a user's state dict into `network`.

    Raises:
        UnreadableFile: the file is missing or cannot be read.
        UsageError: it is not a state dict, is of another network, or has values that are not
            finite.
    """
    file = WeightsFile(path, ("model", "weights"), _HINT)
    state = _without_auxiliary(network, file.tensors_of(file.read()))
    _require_fit(network, state, file)
    file.require_finite(state)


def _without_auxiliary(network: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict without auxiliary classifiers, which `network` does not have."""
    if type(network).__name__.lower() not in {"googlenet", "inception3"}:
        return state
    return {name: each for name, each in state.items() if not name.lower().startswith("aux")}


def _require_fit(network: nn.Module, state: dict[str, Tensor], file: WeightsFile) -> None:
    """Load a state dict.

    Raises:
        UsageError: names or shapes are those of another network.
    """
    expected = network.state_dict()
    if state and all(name.startswith(_PARALLEL) for name in state):
        raise file.refused(
            f"has names that begin with {_PARALLEL} ({named(list(state))}): it was saved from "
            "DataParallel",
            "Save the network within: torch.save(model.module.state_dict(), PATH).",
        )
    wrong = [
        f"{name} is {list(state[name].shape)}, not {list(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    missing = [name for name in expected if name not in state]
    unknown = [name for name in state if name not in expected]
    if not wrong:
        # torchvision's networks read names of earlier versions, which only they know.
        try:
            missing, unknown = network.load_state_dict(state, strict=False)
        except Exception as error:
            raise file.refused(f"could not be loaded: {error}".rstrip(".")) from error
    parts = [f"lacks {plural(len(missing), 'tensor')} ({named(missing)})"] if missing else []
    parts += [f"has {plural(len(unknown), 'unknown tensor')} ({named(unknown)})"] * bool(unknown)
    parts += [f"has {plural(len(wrong), 'other shape')} ({named(wrong)})"] * bool(wrong)
    if parts:
        raise file.refused(", ".join(parts))
