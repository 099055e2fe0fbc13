"""Answers images: normalises pixels, computes logits, decides by the run's frozen thresholds."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medtui.datasets.dataset import open_dataset
from medtui.datasets.digest import NEWEST_RULE
from medtui.datasets.progress import Reporter, ignore_progress
from medtui.engine.inference.familiarity import (
    Familiarity,
    measure_familiarity,
    store_familiarity,
    stored_familiarity,
)
from medtui.engine.inference.models import LoadedModel
from medtui.engine.inference.networks import Outputs
from medtui.engine.run.load_run import preset_of
from medtui.engine.training.augmentation import Normalisation, normalise
from medtui.errors import MedtuiError
from medtui.metrics.scores import make_scores
from medtui.protocol.inference import Alarm, ImageAnswer
from medtui.runs.data_digest import recorded_digest

_BATCH_PIXELS = 64 * 224 * 224
"""Pixels of a channel in a batch: 64 images of 224 x 224, and at most `_MAX_BATCH` images."""

_MAX_BATCH = 256


@dataclass
class Predictor:
    """A model that answers images, and what tells it which are unlike its training images."""

    model: LoadedModel
    familiarity: Familiarity | None = None
    notes: list[str] = field(default_factory=list)
    """What a reader of the answers should know."""

    @property
    def alarm(self) -> Alarm | None:
        """How images unlike the training images are found; None where they are not."""
        if (found := self.familiarity) is None:
            return None
        return Alarm(found.limit, found.val_share, found.test_share, found.num_val, found.num_test)

    def outputs(self, images_NHWC: NDArray[np.uint8]) -> Outputs:
        """Return logits and features of pixels as the cache stores them."""
        parts = list(self._outputs(images_NHWC))
        features = [each.features_NF for each in parts if each.features_NF is not None]
        return Outputs(
            torch.cat([each.logits_NK for each in parts]),
            torch.cat(features) if features else None,
        )

    def _outputs(self, images_NHWC: NDArray[np.uint8]) -> Iterator[Outputs]:
        how = self.model.record.preprocessing
        by = Normalisation(how.mean, how.std)
        size = max(1, min(_MAX_BATCH, _BATCH_PIXELS // how.size**2))
        for first in range(0, len(images_NHWC), size):
            pixels_NCHW = (
                torch.from_numpy(np.array(images_NHWC[first : first + size]))
                .permute(0, 3, 1, 2)
                .contiguous()
                .to(self.model.device)
            )
            yield self.model.compute(normalise(pixels_NCHW, by))

    def answer(self, names: list[str], images_NHWC: NDArray[np.uint8]) -> list[ImageAnswer]:
        """Return the answers to images, decided as those of the run's own test images."""
        if not names:
            return []
        found = self.outputs(images_NHWC)
        logits_NK, record = found.logits_NK.numpy(), self.model.record
        none = record.none.columns(record.classes) if record.none else None
        unknown = np.zeros(len(names) if record.task == "single" else logits_NK.shape, np.int64)
        scores = make_scores(logits_NK, unknown, record.task, record.thresholds, none=none)
        distances_N = self._distances(found.features_NF)
        return [
            ImageAnswer(
                name,
                [record.classes[each] for each in np.flatnonzero(scores.answers_NK[row])],
                scores.scores_NK[row].tolist(),
                logits_NK[row].tolist(),
                None if distances_N is None else float(distances_N[row]),
                None if distances_N is None else bool(distances_N[row] > self._limit),
            )
            for row, name in enumerate(names)
        ]

    @property
    def _limit(self) -> float:
        assert self.familiarity is not None
        return self.familiarity.limit

    def _distances(self, features_NF: Tensor | None) -> NDArray[np.float64] | None:
        if self.familiarity is None or features_NF is None:
            return None
        return self.familiarity.distances(features_NF)

    def learn_familiarity(self, report: Reporter = ignore_progress) -> None:
        """Take the stored features of the train images; measure and store them where none are.

        Where the data set cannot be read, or the model gives no features, a note says so.
        """
        model = self.model
        path = model.run.training_features / f"{model.name}.npz"
        digest = model.record.data.digest
        self.familiarity = stored_familiarity(path, model=model.digest.sha256, data=digest)
        if self.familiarity is not None:
            return
        how = model.record.preprocessing
        blank_NHWC = np.zeros((1, how.size, how.size, how.channels), np.uint8)
        if self.outputs(blank_NHWC).features_NF is None:
            what = "onnx is not installed" if path.suffix == ".onnx" else "the format hides them"
            self.notes.append(
                f"images unlike the training images are not marked: {model.name} gives no features "
                f"({what})"
            )
            return
        try:
            self.familiarity = self._measured(report)
        except MedtuiError as error:
            self.notes.append(
                "images unlike the training images are not marked, as the run's own data set is "
                f"needed once for it: {error.message}"
            )
            return
        with suppress(OSError):  # a folder that is not ours to write: it is measured next time
            store_familiarity(path, self.familiarity, model=model.digest.sha256, data=digest)

    def _measured(self, report: Reporter) -> Familiarity:
        run = self.model.run
        recorded = recorded_digest(run)
        rule = recorded.data_digest_rule if recorded else NEWEST_RULE
        dataset = open_dataset(preset_of(run).data, digest_rule=rule, progress=report)
        if dataset.digest != self.model.record.data.digest:
            raise MedtuiError(f"the data set of {run.preset} has changed since")

        def features(images_NHWC: NDArray[np.uint8]) -> Tensor:
            found = self.outputs(images_NHWC).features_NF
            assert found is not None
            return found

        return measure_familiarity(dataset, features, is_sealed=self.model.result.is_sealed)
