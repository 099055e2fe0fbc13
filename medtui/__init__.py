"""medtui: compress medical image classifiers with Condensa, and watch it happen, in a terminal."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medtui.inference import Model

__version__ = "0.2.0"


def load(run: Any, **how: Any) -> "Model":  # noqa: ANN401 - `medtui.inference.load` has the types
    """Return a finished run's model, ready to answer images; see `medtui.inference.load`."""
    from medtui.inference import load as load_model

    return load_model(run, **how)
