"""A user's file of weights: its tensors, read safely, and the errors that name it and its key."""

import pickle
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from medtui.errors import UsageError
from medtui.storage import open_regular, unreadable

_MAX_NAMED = 3
"""Number of tensors that a message names."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights that a preset names."""

    path: Path
    key: tuple[str, str]
    """The preset's key that names it, such as `("model", "weights")`."""
    hint: str
    """What to do where the content does not fit."""

    def refused(self, what: str, hint: str = "") -> UsageError:
        """Return an error about the file; without `hint`, the file's own is shown."""
        message = f"`{'.'.join(self.key)}`: {self.path} {what}."
        return UsageError(message, hint=hint or self.hint, key=self.key)

    def read(self) -> object:
        """Return what the file contains.

        Raises:
            UnreadableFile: the file is missing or cannot be read.
            UsageError: it contains a pickled object, or is in no known format.
        """
        try:
            open_regular(self.path).close()
        except OSError as error:
            dotted = ".".join(self.key)
            error_found = unreadable(self.path, error, hint=f"Correct {dotted}.")
            error_found.message = f"`{dotted}`: {error_found.message}"
            error_found.key = self.key
            raise error_found from error
        try:
            if self.path.suffix == ".safetensors":
                return safetensors.torch.load_file(self.path)
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            if found := re.search(r"GLOBAL (\S+)", str(error)):
                raise self.refused(
                    f"contains a pickled object ({found[1]}), which is not loaded because loading "
                    "it may run any code",
                    "Save its state dict instead: torch.save(model.state_dict(), PATH).",
                ) from error
            raise self.refused("is not a file of torch.save") from error
        except Exception as error:
            lines = str(error).splitlines()
            reason = lines[0].rstrip(".") if lines else type(error).__name__
            raise self.refused(f"could not be loaded: {reason}") from error

    def tensors_of(self, content: object) -> dict[str, Tensor]:
        """Return a state dict's tensors by name.

        Raises:
            UsageError: the content is something else.
        """
        if not isinstance(content, Mapping):
            raise self.refused(f"contains a {type(content).__name__}, not a state dict")
        others = [name for name, each in content.items() if not isinstance(each, Tensor)]
        if not others:
            state = OrderedDict((str(name), each) for name, each in content.items())
            if (versions := getattr(content, "_metadata", None)) is not None:
                state._metadata = versions  # type: ignore[attr-defined] # noqa: SLF001 - torch's own
            return state
        for name in others:
            if isinstance(content[name], Mapping):
                raise self.refused(
                    f"is a checkpoint with {named(list(map(str, content)))}, not a state dict",
                    f"Save the state dict alone: torch.save(checkpoint[{name!r}], PATH).",
                )
        kind = type(content[others[0]]).__name__
        raise self.refused(f"has a {kind} in place of the tensor {others[0]}")

    def require_finite(self, state: Mapping[str, Tensor]) -> None:
        """Check that all weights are finite.

        Raises:
            UsageError: one is not.
        """
        wrong = [
            name
            for name, tensor in state.items()
            if tensor.is_floating_point() and not tensor.isfinite().all()
        ]
        if wrong:
            raise self.refused(
                f"has values that are not finite (NaN or infinite) in {named(wrong)}",
                "Use weights of a training that did not diverge.",
            )


def named(names: list[str]) -> str:
    """Return the first names, and how many others there are."""
    more = len(names) - _MAX_NAMED
    shown = ", ".join(names[:_MAX_NAMED])
    return f"{shown}, and {more} more" if more > 0 else shown
