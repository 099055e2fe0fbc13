"""Condensa's own pruning schemes, without a threshold in record mode.

In record mode Condensa only marks the parameters that it would compress and ignores the threshold.
Stock schemes compute it all the same, which sorts every weight of the network once more per cycle.
"""

from typing import Any

import condensa.schemes
from torch import Tensor, nn

from medtui.engine.pruning.filter_norms import Layer, is_recording, open_layers
from medtui.engine.pruning.threshold import magnitude_threshold

ALL_LAYERS: tuple[type[Layer], ...] = (nn.Conv2d, nn.Linear)
"""The types of layer that Condensa compresses."""


class RecordedPrune(condensa.schemes.Prune):  # type: ignore[misc] # Condensa ships no types
    """Condensa's `Prune`, with a threshold by selection instead of sorting."""

    def threshold(self, module: nn.Module) -> Tensor | float:
        """Return the magnitude below which weights become zero."""
        if is_recording():
            return 0.0
        weights = [layer.weight.data.view(-1) for _, layer in open_layers(module, ALL_LAYERS)]
        return magnitude_threshold(weights, self.density)


class RecordedBlockPrune(condensa.schemes.BlockPrune):  # type: ignore[misc] # no types
    """Condensa's `BlockPrune`."""

    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        """Return the magnitude below which weights become zero."""
        return 0.0 if is_recording() else super().threshold(module)


class RecordedFilterPrune(condensa.schemes.FilterPrune):  # type: ignore[misc] # no types
    """Condensa's `FilterPrune`."""

    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        """Return the magnitude below which weights become zero."""
        return 0.0 if is_recording() else super().threshold(module)


class RecordedNeuronPrune(condensa.schemes.NeuronPrune):  # type: ignore[misc] # no types
    """Condensa's `NeuronPrune`."""

    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        """Return the magnitude below which weights become zero."""
        return 0.0 if is_recording() else super().threshold(module)


class RecordedStructPrune(condensa.schemes.StructurePrune):  # type: ignore[misc] # no types
    """Condensa's `StructurePrune`."""

    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        """Return the magnitude below which weights become zero."""
        return 0.0 if is_recording() else super().threshold(module)
