"""Unknown labels of multi-label tasks: no part in loss, metrics, thresholds and predictions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from medtui.datasets.dataset import Dataset, SplitData
from medtui.engine.lc.compression import compress
from medtui.engine.run.finalize import finalize
from medtui.engine.run.result_content import TrainedModel
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.evaluation import predict
from medtui.engine.training.loss import criterion_of, known_label_loss
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.runs.predictions import read_predictions
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset

CPU = torch.device("cpu")
WEIGHTS_K = torch.tensor([0.5, 2.0])


def logits(seed: int = 0) -> torch.Tensor:
    """Return random logits of six images and two classes."""
    return torch.randn(6, 2, generator=torch.Generator().manual_seed(seed))


def test_the_loss_is_the_mean_over_known_labels() -> None:
    """A NaN label adds nothing to loss, divisor or gradient; class weights still apply."""
    labels_NK = torch.tensor([[0, 1], [1, 0], [1, 1], [0, 0], [1, 0], [0, 1]]).float()
    is_known_NK = torch.tensor([[1, 0], [1, 1], [0, 1], [1, 1], [0, 0], [1, 1]]).bool()
    logits_NK = logits().requires_grad_()
    loss = known_label_loss(logits_NK, labels_NK.where(is_known_NK, torch.nan), WEIGHTS_K)
    loss.backward()
    every = F.binary_cross_entropy_with_logits(
        logits_NK.detach(), labels_NK, pos_weight=WEIGHTS_K, reduction="none"
    )
    torch.testing.assert_close(loss.detach(), every[is_known_NK].mean())
    assert logits_NK.grad is not None
    assert ((logits_NK.grad != 0) == is_known_NK).all()


def test_a_batch_without_a_known_label_changes_nothing() -> None:
    """Its loss and gradient are 0, not NaN."""
    logits_NK = logits().requires_grad_()
    loss = known_label_loss(logits_NK, torch.full((6, 2), torch.nan), WEIGHTS_K)
    loss.backward()
    assert loss == 0
    assert logits_NK.grad is not None
    assert (logits_NK.grad == 0).all()


def multi_label(part: SplitData, hidden: int | None) -> SplitData:
    """Return a split with two labels an image; `hidden` is stored where a third is unknown."""
    labels = np.eye(2, dtype=np.uint8)[part.labels]
    if hidden is None:
        return replace(part, labels=labels)
    mask = np.arange(labels.size).reshape(labels.shape) % 3 != 0
    return replace(part, labels=np.where(mask, labels, hidden).astype(np.uint8), mask=mask)


def masked(dataset: Dataset, hidden: int | None) -> Dataset:
    """Return the demo as a multi-label task."""
    train_, val, test = (multi_label(part, hidden) for part in dataset.splits)
    weights = (0.5, 1.5)
    return replace(
        dataset, task="multi", train=train_, val=val, test=test, class_weights=weights
    )  # fmt: skip


def test_without_unknown_labels_the_loss_is_torchs(dataset) -> None:
    """A data set whose labels are all known is computed by one call, bit for bit as before."""
    known = masked(dataset, None)
    labels = torch.from_numpy(known.val.labels[:6]).float()
    weights = torch.tensor(known.class_weights)
    expected = F.binary_cross_entropy_with_logits(logits(), labels, pos_weight=weights)
    assert torch.equal(criterion_of(known, CPU)(logits(), labels), expected)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_no_stage_of_a_run_reads_an_unknown_label(tmp_path, dataset, mode) -> None:
    """Reference, L-C, fine-tuning and results are the same, whatever is stored for it."""
    preset, models, results = tiny_preset(mode=mode), [], []
    plan = TrainingPlan.of_finetuning(preset)
    plan = replace(plan, epochs=1, lr=0.01)
    for hidden in (0, 1):
        hiding = masked(dataset, hidden)
        session = open_session(tmp_path / str(hidden) / "a", preset, hiding, StopFlag())
        trained, _ = train(
            session, tiny_network(), replace(TrainingPlan.of_reference(preset), epochs=1)
        )
        theta, cycle = compress(session, trained)
        tuned, _ = train(session, theta.float(), plan)
        result = finalize(session, TrainedModel(tuned, cycle, 4, 0.0))
        models.append(tuned)
        results.append((result.val, result.test, result.thresholds))
        stored = read_predictions(session.folder.predictions).splits["test"]
        assert np.array_equal(stored.mask, hiding.test.mask)
        assert not stored.labels[~stored.mask].any()
    for first, second in zip(*(model.state_dict().values() for model in models), strict=True):
        assert torch.equal(first, second)
    assert results[0] == results[1]


def test_the_loss_of_a_split_leaves_unknown_labels_out(tmp_path, dataset) -> None:
    """The reported val loss is the mean over the split's known labels."""
    hiding = masked(dataset, 1)
    session = open_session(tmp_path / "a", tiny_preset(), hiding, StopFlag())
    model: nn.Module = tiny_network()
    found = predict(model, session.val, session.criterion)
    logits_NK, weights = torch.from_numpy(found.logits_NK), torch.tensor(hiding.class_weights)
    labels_NK = torch.from_numpy(hiding.val.labels).float()
    losses = F.binary_cross_entropy_with_logits(
        logits_NK, labels_NK, pos_weight=weights, reduction="none"
    )
    known = losses[torch.from_numpy(hiding.val.mask)]
    assert found.loss == pytest.approx(float(known.mean()))
