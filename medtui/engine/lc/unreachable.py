"""The weights that no pixel reaches, before L-C begins."""

from torch import nn

from medtui.engine.pruning.density_check import explain_unreachable
from medtui.engine.pruning.operations import CondensaScheme
from medtui.engine.pruning.reachable_pruning import ReachablePrune
from medtui.engine.pruning.reachable_weights import Taps, reachable_taps, zero_unreachable
from medtui.engine.run.session import Session


def remove_unreachable(session: Session, scheme: CondensaScheme, w: nn.Module) -> Taps:
    """Zero the unreachable weights of `w` if the scheme removes them; return the reachable taps.

    No gradient moves them in the L step, so their distance from theta's zeros would only fall by
    the penalty, and the constraint gap would count it.
    """
    taps = reachable_taps(w, session.image_shape)
    if not isinstance(scheme, ReachablePrune):
        return taps
    zero_unreachable(w, taps)
    assert session.cell is not None, "the reference is not compressed"
    if sentence := explain_unreachable(session.cell, w, taps, session.image_shape):
        session.warn(sentence)
    return taps
