"""A reference of given weights is evaluated once, and not again for every study."""

import safetensors.torch
import torch

from medtui.engine.run import given_reference
from medtui.engine.run.given_reference import given_predictions
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.evaluation import predict
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset


def evaluate(session: Session, network: torch.nn.Module, computed: list[object]) -> list[bytes]:
    """Return the predictions' bits; `computed` gets each split that is computed."""

    def counted(*arguments: object) -> object:
        computed.append(arguments[1])
        return predict(*arguments)

    given_reference.predict = counted
    try:
        found = given_predictions(session, network).matching(network)
    finally:
        given_reference.predict = predict
    splits = (session.val, session.test)
    return [found[each].logits_NK.tobytes() + str(found[each].loss).encode() for each in splits]


def test_a_second_study_takes_the_predictions_of_the_first(tmp_path, dataset, monkeypatch):
    """With the same bits; other weights and damaged files are computed again."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    sessions = [
        open_session(tmp_path / name, tiny_preset(), dataset, StopFlag(), is_reference=True)
        for name in ("first", "second")
    ]
    network, computed = tiny_network(), []
    first = evaluate(sessions[0], network, computed)
    assert computed == [sessions[0].val, sessions[0].test]
    assert evaluate(sessions[1], network, computed) == first
    assert len(computed) == 2
    other = tiny_network()
    with torch.no_grad():
        next(other.parameters()).mul_(1.5)
    assert evaluate(sessions[1], other, computed) != first
    assert len(computed) == 4
    files = sorted((tmp_path / "cache" / "predictions").iterdir())
    assert len(files) == 2
    for file in files:
        file.write_bytes(file.read_bytes()[:-8])
    assert evaluate(sessions[1], network, computed) == first
    assert len(computed) == 6
    for file in files:
        logits = {"val": torch.zeros(1, 2), "test": torch.zeros(1, 2)}
        file.write_bytes(safetensors.torch.save(logits))
    assert evaluate(sessions[1], network, computed) == first
    assert len(computed) == 8


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path, dataset, monkeypatch):
    """The predictions are then those of this study alone."""
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    session = open_session(tmp_path / "run", tiny_preset(), dataset, StopFlag(), is_reference=True)
    assert len(evaluate(session, tiny_network(), [])) == 2
