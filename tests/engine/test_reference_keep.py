"""Which epoch a reference keeps: the end of its schedule, or that of the lowest val loss."""

import pytest
import torch
from torch import nn

from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.preset import parse_preset
from tests.helpers.tiny_sessions import CutAfter, open_session, tiny_network, tiny_preset


def kept(session: Session, keep: str) -> tuple[nn.Module, int, nn.Module]:
    """Train a fresh tiny network; return what is kept, its epoch, and the trained network."""
    reference = session.preset.reference.model_copy(update={"keep": keep, "epochs": 4, "lr": 0.3})
    preset = session.preset.model_copy(update={"reference": reference})
    network = tiny_network()
    with session.log:
        model, epoch = train(session, network, TrainingPlan.of_reference(preset))
    return model, epoch, network


def test_the_last_epoch_is_kept_also_where_an_earlier_one_had_the_lower_val_loss(tmp_path, dataset):
    """The lowest val loss of a few patients is luck; the schedule ends at the last epoch."""
    sessions = [
        open_session(tmp_path / keep, tiny_preset(), dataset, StopFlag(), is_reference=True)
        for keep in ("best", "last")
    ]
    _, best_epoch, _ = kept(sessions[0], "best")
    losses = [cycle.val["loss"] for cycle in sessions[0].log.history.cycles_of("reference")]
    assert best_epoch == 1 + losses.index(min(losses))
    assert best_epoch < 4, "the test needs a schedule whose last epoch is not the best"
    model, epoch, network = kept(sessions[1], "last")
    assert epoch == 4
    assert torch.equal(model.state_dict()["0.weight"], network.state_dict()["0.weight"])
    best = sessions[1].log.history.best_of("reference")
    assert best is not None
    assert best.cycle == 4


def test_a_cut_reference_that_keeps_the_last_epoch_has_the_same_bits(tmp_path, dataset):
    """Stops change neither the epoch nor a bit."""
    folders = tmp_path / "whole", tmp_path / "cut"
    whole, _, _ = kept(
        open_session(folders[0], tiny_preset(), dataset, StopFlag(), is_reference=True), "last"
    )
    for looks in (3, 2):
        stop = CutAfter(looks=looks)
        session = open_session(folders[1], tiny_preset(), dataset, stop, is_reference=True)
        with pytest.raises(StopRequested):
            kept(session, "last")
    session = open_session(folders[1], tiny_preset(), dataset, StopFlag(), is_reference=True)
    cut, epoch, _ = kept(session, "last")
    assert epoch == 4
    assert all(
        torch.equal(cut.state_dict()[name], each) for name, each in whole.state_dict().items()
    )


def test_a_preset_without_the_key_keeps_the_best_epoch():
    """Presets of earlier versions repeat their runs."""
    preset = parse_preset('schema = 1\nname = "old"\n[data]\ncard = "demo"\n', "test")
    assert preset.reference.keep == "best"
    assert not TrainingPlan.of_reference(preset).is_last_kept
