"""What is kept is judged after fine-tuning: the best cycle and the last one."""

from copy import deepcopy

import pytest

from medtui.engine.run import finetuning
from medtui.engine.run.finetuning import choose_finetuned
from medtui.engine.run.kept_predictions import KeptPredictions
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.engine.timing.measured_times import ImageCounts, WorkTimes
from medtui.engine.timing.study_time import (
    run_time,
)
from medtui.engine.training.evaluation import predict
from medtui.preset import Preset
from tests.engine.test_resume import assert_same, carry
from tests.helpers.tiny_sessions import deep_network, open_session, tiny_network, tiny_preset


def choosing(session: Session):
    """Compress a fresh tiny network and fine-tune it."""
    build = deep_network if session.is_fast else tiny_network
    return choose_finetuned(session, reference=build, blank=build)[0]


def preset_of(scheme: str, keep: str = "finetuned") -> Preset:
    """Return a preset with two epochs of fine-tuning."""
    preset = tiny_preset(scheme, "on")
    guard = preset.guard.model_copy(update={"finetune_epochs": 2, "finetune_lr": 0.05})
    lc = preset.lc.model_copy(update={"keep": keep, "mu_init": 1.0})
    return preset.model_copy(update={"guard": guard, "lc": lc})


@pytest.fixture(autouse=True)
def _cycle_0_is_best(monkeypatch):
    """Make cycle 0 the best, so that the last cycle is another candidate."""
    monkeypatch.setattr("medtui.engine.lc.loop.LC._keep_best", staticmethod(keep_cycle_0))


def keep_cycle_0(state, val):
    """Store cycle 0's theta alone."""
    if state.cycle:
        return False
    state.best_loss, state.best_cycle = val[0], 0
    state.best = deepcopy(state.theta)
    return True


@pytest.mark.parametrize("chosen", range(4))
def test_the_better_by_val_is_kept(tmp_path, dataset, monkeypatch, chosen):
    """Best and last cycle, each after and before fine-tuning: the highest score wins."""
    scored = []

    def score(_session, theta, cycle):
        scored.append(theta)
        value = float(len(scored) - 1 == chosen)
        return finetuning._Scored((value, 0.0), theta, cycle, KeptPredictions())

    monkeypatch.setattr(finetuning, "_score", score)
    session = open_session(tmp_path, preset_of("Prune"), dataset, StopFlag())
    with session.log:
        theta, cycle = choose_finetuned(session, reference=tiny_network, blank=tiny_network)
    assert theta is scored[chosen]
    assert cycle == (0 if chosen < 2 else session.preset.lc.cycles - 1)
    assert [stage.stage for stage in session.log.history.stages] == [
        "compress", "finetune", "finetune-last",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "mode"),
    [("Prune", "exact"), ("StructPruneQuantize16", "exact"), ("FilterPrune", "fast")],
)
def test_a_cut_choice_resumes_to_the_same_bits(tmp_path, dataset, scheme, mode):
    """Stops in L-C (20 looks at the flag), in either fine-tuning (6 each), and at their ends."""
    preset = preset_of(scheme)
    compute = preset.compute.model_copy(update={"mode": mode})
    preset = preset.model_copy(update={"compute": compute})
    whole = carry(tmp_path / "whole", preset, dataset, choosing, [])
    for cuts in ([5], [22], [26], [27], [30], [32], [22, 3, 4]):
        name = "-".join(map(str, cuts))
        assert_same(carry(tmp_path / name, preset, dataset, choosing, cuts), whole)


def test_what_was_evaluated_for_the_choice_is_kept(tmp_path, dataset):
    """The result takes val's predictions of the theta that is kept, and computes test's."""
    session = open_session(tmp_path, preset_of("Prune"), dataset, StopFlag())
    with session.log:
        theta, _ = choose_finetuned(session, reference=tiny_network, blank=tiny_network)
    kept = session.kept.matching(theta)
    assert list(kept) == [session.val]
    again = predict(theta, session.val, session.criterion)
    assert kept[session.val].logits_NK.tobytes() == again.logits_NK.tobytes()


def test_the_estimate_counts_both(dataset):
    """Fine-tuning's stage takes more than twice as long."""
    seconds = []
    for keep in ("cycle", "finetuned"):
        times = WorkTimes(
            reference_step=1, reference_image=1, lc_step=1, finetune_step=1, image=1,
            single_image=1, recalibrated_image=1, cycle={}, bootstrap=0,
        )  # fmt: skip
        stages = run_time(
            preset_of("Prune", keep), ImageCounts(48, 12, 24), times, num_cycles=4, cycle_seconds=1
        )
        seconds.append({each.stage: each.seconds for each in stages}["finetune"])
    assert seconds[1] == 2 * seconds[0] + 4 * 12
