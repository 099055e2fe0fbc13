"""The file of `model.weights`: a state dict of the user's, checked against the network."""

import pickle
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from medtui.errors import UsageError
from medtui.storage import open_regular, unreadable
from medtui.units import plural

_KEY = ("model", "weights")
_HINT = "Use a state dict of this architecture with this number of classes and channels."
_PARALLEL = "module."
"""What `DataParallel` puts before each name."""

_MAX_NAMED = 3
"""Number of tensors that a message names."""


def load_weights(network: nn.Module, path: Path) -> None:
    """Load a user's state dict into `network`.

    Raises:
        UnreadableFile: the file is missing or cannot be read.
        UsageError: it is not a state dict, is of another network, or has values that are not
            finite.
    """
    state = _without_auxiliary(network, _tensors_of(_read(path), path))
    _require_fit(network, state, path)
    _require_finite(state, path)


def _read(path: Path) -> object:
    """Return what the file contains.

    Raises:
        UnreadableFile: the file is missing or cannot be read.
        UsageError: it contains a pickled object, or is in no known format.
    """
    try:
        open_regular(path).close()
    except OSError as error:
        error_found = unreadable(path, error, hint="Correct model.weights.")
        error_found.message = f"`model.weights`: {error_found.message}"
        error_found.key = _KEY
        raise error_found from error
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if found := re.search(r"GLOBAL (\S+)", str(error)):
            raise _refused(
                path,
                f"contains a pickled object ({found[1]}), which is not loaded because loading it "
                "may run any code",
                "Save its state dict instead: torch.save(model.state_dict(), PATH).",
            ) from error
        raise _refused(path, "is not a file of torch.save", _HINT) from error
    except Exception as error:
        lines = str(error).splitlines()
        reason = lines[0].rstrip(".") if lines else type(error).__name__
        raise _refused(path, f"could not be loaded: {reason}", _HINT) from error


def _tensors_of(content: object, path: Path) -> dict[str, Tensor]:
    """Return a state dict's tensors by name.

    Raises:
        UsageError: the content is something else.
    """
    if not isinstance(content, Mapping):
        raise _refused(path, f"contains a {type(content).__name__}, not a state dict", _HINT)
    others = [name for name, each in content.items() if not isinstance(each, Tensor)]
    if not others:
        state = OrderedDict((str(name), each) for name, each in content.items())
        if (versions := getattr(content, "_metadata", None)) is not None:
            state._metadata = versions  # type: ignore[attr-defined] # noqa: SLF001 - torch's own
        return state
    for name in others:
        if isinstance(content[name], Mapping):
            raise _refused(
                path,
                f"is a checkpoint with {_names(list(map(str, content)))}, not a state dict",
                f"Save the state dict alone: torch.save(checkpoint[{name!r}], PATH).",
            )
    kind = type(content[others[0]]).__name__
    raise _refused(path, f"has a {kind} in place of the tensor {others[0]}", _HINT)


def _without_auxiliary(network: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict without auxiliary classifiers, which `network` does not have."""
    if type(network).__name__.lower() not in {"googlenet", "inception3"}:
        return state
    return {name: each for name, each in state.items() if not name.lower().startswith("aux")}


def _require_fit(network: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Load a state dict.

    Raises:
        UsageError: names or shapes are those of another network.
    """
    expected = network.state_dict()
    if state and all(name.startswith(_PARALLEL) for name in state):
        raise _refused(
            path,
            f"has names that begin with {_PARALLEL} ({_names(list(state))}): it was saved from "
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
            raise _refused(path, f"could not be loaded: {error}".rstrip("."), _HINT) from error
    parts = [f"lacks {plural(len(missing), 'tensor')} ({_names(missing)})"] if missing else []
    parts += [f"has {plural(len(unknown), 'unknown tensor')} ({_names(unknown)})"] * bool(unknown)
    parts += [f"has {plural(len(wrong), 'other shape')} ({_names(wrong)})"] * bool(wrong)
    if parts:
        raise _refused(path, ", ".join(parts), _HINT)


def _require_finite(state: dict[str, Tensor], path: Path) -> None:
    wrong = [
        name
        for name, tensor in state.items()
        if tensor.is_floating_point() and not tensor.isfinite().all()
    ]
    if wrong:
        raise _refused(
            path,
            f"has values that are not finite (NaN or infinite) in {_names(wrong)}",
            "Use weights of a training that did not diverge.",
        )


def _refused(path: Path, what: str, hint: str) -> UsageError:
    return UsageError(f"`model.weights`: {path} {what}.", hint=hint, key=_KEY)


def _names(names: list[str]) -> str:
    """Return the first names, and how many others there are."""
    more = len(names) - _MAX_NAMED
    shown = ", ".join(names[:_MAX_NAMED])
    return f"{shown}, and {more} more" if more > 0 else shown
