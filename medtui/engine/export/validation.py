"""Whether a file, read back from disk, is the run: its tensors, its logits, its metric."""

import numpy as np
import torch
from numpy.typing import NDArray

from medtui.engine.export.loaded_run import Probe, Subject
from medtui.engine.export.runtime import Opened, answer_all
from medtui.engine.training.network import state_of
from medtui.errors import MedtuiError
from medtui.metrics import primary_metric
from medtui.metrics.registry import defined
from medtui.metrics.scores import make_scores
from medtui.protocol.export import FormatName
from medtui.runs.exports import Comparison

TOLERANCES: dict[FormatName, float] = {
    "onnx": 1e-4, "pt2": 1e-4, "packed": 1e-5, "safetensors": 1e-5,
}  # fmt: skip
"""Largest difference of logits, as a share of the largest logit where that is above 1. What is the
run's network to the bit differs only where empty filters were taken out. int8 has no such bound."""


class NotTheRun(MedtuiError):
    """A file does not answer as its run does."""


def compare(subject: Subject, opened: Opened) -> list[Comparison]:
    """Hold the file against the run on val and test, in each of its runtimes."""
    return [
        _compare(subject, probe, runtime, split, answer_all(answer, probe.batches))
        for runtime, answer in opened.runtimes.items()
        for split, probe in subject.probes.items()
    ]


def refuse_others(subject: Subject, opened: Opened, metadata: bytes) -> None:
    """Refuse a file whose metadata or tensors are not those that were written.

    Raises:
        NotTheRun: they differ.
    """
    if opened.metadata != metadata:
        raise NotTheRun("The metadata read back are not those that were written.")
    if not opened.state:
        return
    written = state_of(subject.network)
    if written.keys() != opened.state.keys():
        raise NotTheRun("The tensors read back have other names than those written.")
    for name, tensor in written.items():
        found = opened.state[name]
        if found.dtype != tensor.dtype or not torch.equal(found, tensor):
            raise NotTheRun(f"{name} read back is not {name} as it was written.")


def judge(form: FormatName, subject: Subject, found: list[Comparison], max_drop: float) -> None:
    """Refuse a file whose answers are too far from the run's. Test has no say for int8.

    Raises:
        NotTheRun: by how much.
    """
    for each in found:
        if not np.isfinite(each.max_logit_difference):
            raise NotTheRun(f"By {each.runtime}, logits on {each.split} are no finite numbers.")
        if form == "int8":
            _judge_metric(each, max_drop)
            continue
        magnitude = float(np.abs(subject.probes[each.split].logits_NK).max())
        allowed = TOLERANCES[form] * max(1.0, magnitude)
        if each.max_logit_difference > allowed:
            raise NotTheRun(
                f"By {each.runtime}, logits on {each.num_images:,} images of {each.split} differ "
                f"by up to {each.max_logit_difference:.2g} from the run's (allowed: {allowed:.2g})."
            )


def _judge_metric(found: Comparison, max_drop: float) -> None:
    if found.split != "val":
        return
    if found.change is None:
        raise NotTheRun(f"{found.metric} is undefined on val, so that nothing judges the file.")
    if found.change < -max_drop:
        raise NotTheRun(
            f"By {found.runtime}, {found.metric} on {found.num_images:,} images of val falls from "
            f"{found.of_run:.3f} to {found.of_file:.3f} (allowed: {max_drop:.3f} less).",
            hint="--max-drop allows more.",
        )


def _compare(
    subject: Subject, probe: Probe, runtime: str, split: str, logits_NK: NDArray[np.float32]
) -> Comparison:
    task, thresholds = subject.task, subject.result.thresholds
    metric = primary_metric(task)
    own, found = (
        make_scores(logits, probe.labels, task, thresholds, probe.mask)
        for logits in (probe.logits_NK, logits_NK)
    )
    differs = own.answers_NK != found.answers_NK
    of_run, of_file = (defined(metric.compute(scores)) for scores in (own, found))
    return Comparison(
        runtime=runtime,
        split=split,
        num_images=len(logits_NK),
        metric=metric.name,
        of_run=of_run,
        of_file=of_file,
        max_logit_difference=float(np.abs(probe.logits_NK - logits_NK).max()),
        num_changed=int((differs.any(axis=1) if task == "single" else differs).sum()),
    )
