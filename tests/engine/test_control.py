"""The control is a compression without an operator: the same steps, and theta is w."""

import random

import pytest
import torch

from medtui.engine.lc.compression import compress
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.preset import Preset, expand_grid
from tests.helpers.tiny_sessions import CutAfter, open_session, tiny_network, tiny_preset


def controlled(guard: str) -> Preset:
    """Return the tiny preset with a control, which is then its first cell."""
    preset = tiny_preset("Quantize32", guard)
    compress = preset.compress.model_copy(update={"control": True})
    return preset.model_copy(update={"compress": compress})


def weights(session: Session) -> dict[str, torch.Tensor]:
    """Compress a fresh tiny network; return what is kept."""
    with session.log:
        return compress(session, tiny_network())[0].state_dict()


@pytest.mark.parametrize("guard", ["on", "off"])
def test_a_control_equals_rounding_to_float32(tmp_path, dataset, guard):
    """With the same seed, a scheme that changes nothing gives the control's bits."""
    preset = controlled(guard)
    assert [cell.slug for cell in expand_grid(preset)] == ["control", "quantize32"]
    session = open_session(tmp_path / "control", preset, dataset, StopFlag())
    control = weights(session)
    plain = tiny_preset("Quantize32", guard)
    rounded = weights(open_session(tmp_path / "quantize32", plain, dataset, StopFlag()))
    assert all(torch.equal(control[name], tensor) for name, tensor in rounded.items())
    cycles = session.log.history.cycles_of("compress")
    assert {(cycle.gap, cycle.density) for cycle in cycles} == {(0.0, 1.0)}
    assert len({cycle.val["loss"] for cycle in cycles}) == len(cycles), "each cycle trains w"


def test_a_cut_control_resumes_to_the_same_bits(tmp_path, dataset):
    """Stops at random steps, once and several times, change no bit."""
    preset, rng = controlled("on"), random.Random(2)
    whole = weights(open_session(tmp_path / "whole", preset, dataset, StopFlag()))
    for trial in range(3):
        folder = tmp_path / f"cut-{trial}"
        for _ in range(rng.randrange(1, 4)):
            session = open_session(folder, preset, dataset, CutAfter(looks=rng.randrange(1, 8)))
            with pytest.raises(StopRequested):
                weights(session)
        cut = weights(open_session(folder, preset, dataset, StopFlag()))
        assert all(torch.equal(cut[name], tensor) for name, tensor in whole.items())
