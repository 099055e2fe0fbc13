"""Pruning that removes the weights that no pixel reaches before it ranks the others."""

from collections.abc import Sequence

from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.filter_norms import is_recording, mark_reached_taps
from medtui.engine.pruning.operations import CondensaScheme
from medtui.engine.pruning.reachable_weights import Taps, reachable_taps, zero_unreachable


class ReachablePrune:
    """A scheme whose density is spent on weights that a pixel reaches.

    Magnitudes of unreachable weights say nothing: they have no gradient, so they keep their initial
    size. Here they are set to zero in every convolution, also in protected ones, and count as
    removed. A density of weights therefore keeps the number of weights that it keeps in stock
    Condensa; above the reachable share it keeps all that are reached. Norms of filters, by any
    criterion, leave unreachable taps out.
    """

    def __init__(
        self, scheme: CondensaScheme, operators: Sequence[CondensaScheme], image_shape: ImageShape
    ) -> None:
        self.schemes = list(operators)
        """The scheme's operators, as Condensa's `Compose` names them."""
        self._scheme = scheme
        self._image_shape = image_shape
        self._taps: Taps | None = None

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        if self._taps is None:  # traced once: weights do not change it
            self._taps = reachable_taps(module, self._image_shape)
        mark_reached_taps(module, self._taps)
        if not is_recording():
            zero_unreachable(module, self._taps)
        self._scheme.pi(module)

    def delta(self, module: nn.Module) -> None:
        """Undo the reversible part of the scheme."""
        self._scheme.delta(module)
