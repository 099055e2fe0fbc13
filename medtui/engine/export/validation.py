"""Validation of an exported file against its run: tensors, logits and metric."""

import numpy as np
import torch
from numpy.typing import NDArray

from medtui.engine.export.loaded_run import EvaluationSubset, LoadedRun
from medtui.engine.export.runtime import OpenedFile, compute_logits
from medtui.engine.training.network import state_of
from medtui.errors import MedtuiError
from medtui.metrics import primary_metric
from medtui.metrics.registry import defined
from medtui.metrics.scores import make_scores
from medtui.protocol.export import FormatName
from medtui.runs.exports import INT8, Comparison

TOLERANCES: dict[FormatName, float] = {
    "onnx": 1e-4, "pt2": 1e-4, "packed": 1e-5, "safetensors": 1e-5,
}  # fmt: skip
"""Maximum difference of logits, as a share of the largest logit where that is above 1. Formats with
the run's own weights differ only if empty filters were removed. int8 has no such bound."""


class ValidationFailed(MedtuiError):
    """An exported file differs from its run."""


def compare(loaded: LoadedRun, opened: OpenedFile) -> list[Comparison]:
    """Return the comparison of a file with the run on val and test, for each runtime."""
    return [
        _compare(loaded, subset, runtime, split, compute_logits(forward, subset.batches))
        for runtime, forward in opened.runtimes.items()
        for split, subset in loaded.subsets.items()
    ]


def check_content(loaded: LoadedRun, opened: OpenedFile, metadata: bytes) -> None:
    """Compare a file's metadata and tensors with those that were written.

    Raises:
        ValidationFailed: they differ.
    """
    if opened.metadata != metadata:
        raise ValidationFailed("The metadata in the file differ from those that were written.")
    if not opened.state:
        return
    written = state_of(loaded.network)
    if written.keys() != opened.state.keys():
        raise ValidationFailed("The tensors in the file have other names than those written.")
    for name, tensor in written.items():
        found = opened.state[name]
        if found.dtype != tensor.dtype or not torch.equal(found, tensor):
            raise ValidationFailed(f"The tensor {name} in the file differs from the one written.")


def validate(form: FormatName, loaded: LoadedRun, found: list[Comparison], max_drop: float) -> None:
    """Check that a file's logits are close to the run's; for int8, that its val metric is.

    Raises:
        ValidationFailed: names the runtime, the split and the difference.
    """
    for each in found:
        if not np.isfinite(each.max_logit_difference):
            raise ValidationFailed(f"In {each.runtime}, logits on {each.split} are not finite.")
        if form in INT8:
            _validate_metric(each, max_drop)
            continue
        magnitude = float(np.abs(loaded.subsets[each.split].logits_NK).max())
        allowed = TOLERANCES[form] * max(1.0, magnitude)
        if each.max_logit_difference > allowed:
            raise ValidationFailed(
                f"In {each.runtime}, logits on {each.num_images:,} images of {each.split} differ "
                f"by up to {each.max_logit_difference:.2g} from the run's (allowed: {allowed:.2g})."
            )


def _validate_metric(found: Comparison, max_drop: float) -> None:
    if found.split != "val":
        return
    if found.change is None:
        raise ValidationFailed(f"The file cannot be validated: {found.metric} is undefined on val.")
    if found.change < -max_drop:
        raise ValidationFailed(
            f"In {found.runtime}, {found.metric} on {found.num_images:,} images of val falls from "
            f"{found.of_run:.3f} to {found.of_file:.3f} (allowed drop: {max_drop:.3f}).",
            hint="Allow a larger drop with --max-drop.",
        )


def _compare(
    loaded: LoadedRun,
    subset: EvaluationSubset,
    runtime: str,
    split: str,
    logits_NK: NDArray[np.float32],
) -> Comparison:
    task, thresholds = loaded.task, loaded.result.thresholds
    metric = primary_metric(task)
    own, found = (
        make_scores(logits, subset.labels, task, thresholds, subset.mask)
        for logits in (subset.logits_NK, logits_NK)
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
        max_logit_difference=float(np.abs(subset.logits_NK - logits_NK).max()),
        num_changed=int((differs.any(axis=1) if task == "single" else differs).sum()),
    )
