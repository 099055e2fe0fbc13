"""What was evaluated for the kept model is not evaluated again for the result, bit for bit."""

import pytest
import torch
from torch import nn

from medtui.engine.lc.compression import compress
from medtui.engine.run import finalize
from medtui.engine.run.result_content import TrainedModel
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.evaluation import evaluation_copy, predict
from medtui.engine.training.trainer import TrainingPlan, train
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset


def splits_kept(session: Session, model: nn.Module) -> int:
    """Return the number of splits whose predictions are kept; they must be those of `model`."""
    kept = session.kept.matching(model)
    for split, found in kept.items():
        again = predict(evaluation_copy(model, session.device), split, session.criterion)
        assert found.logits_NK.tobytes() == again.logits_NK.tobytes()
        assert found.loss == again.loss
        assert found.labels.tobytes() == again.labels.tobytes()
    return len(kept)


def trained(session: Session) -> nn.Module:
    """Return a reference of three epochs."""
    with session.log:
        return train(session, tiny_network(), TrainingPlan.of_reference(session.preset))[0]


def test_a_reference_is_evaluated_once(tmp_path, dataset):
    """Its kept epoch may be an earlier one; no other state of the model has these predictions."""
    session = open_session(tmp_path, tiny_preset(), dataset, StopFlag(), is_reference=True)
    model = trained(session)
    assert splits_kept(session, model) == 2
    with torch.no_grad():
        next(model.parameters())[0, 0, 0, 0] += 1e-3
    assert splits_kept(session, model) == 0


def test_a_split_that_was_not_evaluated_for_the_kept_epoch_is_not_kept(tmp_path, dataset):
    """Test of an earlier epoch belongs to another model."""
    preset = tiny_preset()
    evaluate = preset.evaluate.model_copy(update={"test_every": 2})
    preset = preset.model_copy(update={"evaluate": evaluate})
    session = open_session(tmp_path, preset, dataset, StopFlag(), is_reference=True)
    session.evaluator(tiny_network(), session.criterion, session.test)
    model = tiny_network()
    session.evaluator(model, session.criterion, session.val)
    session.keep_predictions(model)
    assert splits_kept(session, model) == 1
    assert list(session.kept.by_split) == [session.val]


@pytest.mark.parametrize(
    ("scheme", "mode", "expected"),
    [("Prune", "exact", 2), ("PruneQuantize16", "exact", 2), ("Prune", "fast", 0)],
)
def test_a_compression_is_evaluated_once_in_exact_mode(tmp_path, dataset, scheme, mode, expected):
    """Those of fast mode are of another precision than the result."""
    preset = tiny_preset(scheme, mode=mode, precision="float32")
    session = open_session(tmp_path, preset, dataset, StopFlag())
    with session.log:
        theta, _ = compress(session, tiny_network())
    assert splits_kept(session, theta) == expected


def test_a_result_takes_what_is_kept_and_computes_the_rest(tmp_path, dataset, monkeypatch):
    """Every file and number equals that of a second evaluation."""
    session = open_session(tmp_path, tiny_preset(), dataset, StopFlag(), is_reference=True)
    model = trained(session)
    computed = []

    def counted(*arguments: object) -> object:
        computed.append(arguments[1])
        return predict(*arguments)

    monkeypatch.setattr(finalize, "predict", counted)
    outcome = TrainedModel(model, 1, 3, 1.0)
    taken = finalize.finalize(session, outcome)
    assert not computed
    first = session.folder.predictions.read_bytes()
    session.kept = type(session.kept)()
    again = finalize.finalize(session, outcome)
    assert computed == [session.val, session.test]
    assert session.folder.predictions.read_bytes() == first
    assert (taken.val, taken.test) == (again.val, again.test)
