"""Predictions of a reference whose weights are given, which studies of the same weights share.

They are in the cache folder, under a digest of all that their bits depend on: the weights, the data
set, the size of batches, and the versions and hardware that compute them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import safetensors.torch
import torch
from torch import Tensor, nn

import medtui
from medtui.datasets.cache.entry import default_cache_dir
from medtui.engine.run.kept_predictions import KeptPredictions, state_digest
from medtui.engine.run.provenance import fingerprint
from medtui.engine.run.session import Session
from medtui.engine.training.batches import EvaluationBatches
from medtui.engine.training.evaluation import Predictions, predict, predictions_of
from medtui.events import Noted
from medtui.runs.atomic_file import publish_bytes


@dataclass(frozen=True)
class _Entry:
    """A file of logits, by split."""

    path: Path

    def read(self, num_images: Mapping[str, int]) -> dict[str, Tensor]:
        """Return the logits; none where the file is missing, damaged or of other splits."""
        try:
            found: dict[str, Tensor] = safetensors.torch.load_file(self.path)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is computed again
            return {}
        counts = {split: len(logits_NK) for split, logits_NK in found.items()}
        return found if counts == num_images else {}

    def write(self, logits: Mapping[str, Tensor]) -> None:
        """Write the logits; a folder that cannot be written keeps none."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            publish_bytes(self.path, safetensors.torch.save(dict(logits)))
        except OSError:
            return


def given_predictions(session: Session, model: nn.Module) -> KeptPredictions:
    """Return the predictions of given weights on val and test, computed by the first study alone.

    Where test is sealed, they are of val alone.

    Raises:
        OutOfMemory: a batch does not fit into memory.
    """
    splits: dict[str, EvaluationBatches] = {"val": session.val}
    if session.test is not None:
        splits["test"] = session.test
    entry = _Entry(_path_of(session, model))
    cached = entry.read({name: len(batches.images) for name, batches in splits.items()})
    found: dict[EvaluationBatches, Predictions] = {}
    for name, batches in splits.items():
        if name in cached:
            logits_NK = cached[name].to(session.device)
            found[batches] = predictions_of(logits_NK, batches.images, session.criterion)
        else:
            found[batches] = predict(model, batches, session.criterion, session.result_precision)
    if cached:
        session.log.write(Noted("the given weights were evaluated before: predictions are reused"))
    else:
        entry.write(
            {name: torch.from_numpy(found[batches].logits_NK) for name, batches in splits.items()}
        )
    return KeptPredictions.of(model, found)


def _path_of(session: Session, model: nn.Module) -> Path:
    depends_on = [
        medtui.__version__,
        state_digest(model),
        session.dataset.digest,
        session.preset.evaluate.batch_size,
        session.preset.model.architecture,
        *(["sealed"] if session.test is None else []),
        sorted(fingerprint(session.device, session.result_precision).items()),
    ]
    digest = hashlib.sha256(msgspec.json.encode(depends_on)).hexdigest()
    return default_cache_dir() / "predictions" / f"{digest[:32]}.safetensors"
