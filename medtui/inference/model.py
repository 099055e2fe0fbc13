"""A finished model that answers images, and its answers as arrays."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.files.unlabelled import find_files
from medtui.engine.inference.prediction import predict_files
from medtui.engine.inference.predictor import Predictor
from medtui.protocol.inference import Alarm, ImageAnswer
from medtui.runs.model_record import ModelRecord

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A folder, a file, or several of them."""


@dataclass(frozen=True)
class Predictions:
    """Answers to N files; those that cannot be read are among them, with the reason."""

    images: list[ImageAnswer]
    classes: tuple[str, ...]
    """K classes, in the order of probabilities and logits."""

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[ImageAnswer]:
        return iter(self.images)

    @property
    def files(self) -> list[str]:
        """Paths as they were named."""
        return [each.file for each in self.images]

    @property
    def answers(self) -> list[list[str]]:
        """Classes answered of each file; none where it cannot be read."""
        return [each.answers for each in self.images]

    @property
    def problems(self) -> dict[str, str]:
        """File to the reason why it has no answer."""
        return {each.file: each.problem for each in self.images if each.problem}

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """(N, K), NaN where a file cannot be read."""
        return self._table([each.probabilities for each in self.images])

    @cached_property
    def logits(self) -> NDArray[np.float64]:
        """(N, K), NaN where a file cannot be read."""
        return self._table([each.logits for each in self.images])

    @property
    def are_unlike(self) -> list[bool | None]:
        """Whether each image is unlike the training images; None where it is not known."""
        return [each.is_unlike for each in self.images]

    def _table(self, rows: list[list[float]]) -> NDArray[np.float64]:
        missing = [float("nan")] * len(self.classes)
        return np.array([row or missing for row in rows], np.float64).reshape(
            len(rows), len(self.classes)
        )


class Model:
    """A finished run's model; made by `medtui.load`."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    @property
    def record(self) -> ModelRecord:
        """Classes, thresholds and preprocessing."""
        return self._predictor.model.record

    @property
    def alarm(self) -> Alarm | None:
        """How images unlike the training images are found; None where they are not."""
        return self._predictor.alarm

    @property
    def notes(self) -> list[str]:
        """What a reader of the answers should know."""
        return list(self._predictor.notes)

    def predict(self, paths: Paths) -> Predictions:
        """Return the answers to a folder, a file, or several of them.

        Files are decoded as for training, in processes of their own, so that no file ends this one.

        Raises:
            UsageError: a path does not exist.
            EnvironmentProblem: a folder cannot be read, or the temporary folder is full.
        """
        given = [paths] if isinstance(paths, str | os.PathLike) else paths
        answers: list[ImageAnswer] = []
        predict_files(self._predictor, find_files([Path(each) for each in given]), answers.extend)
        return Predictions(answers, (*self.record.classes,))

    def predict_pixels(self, images: NDArray[np.uint8]) -> Predictions:
        """Return the answers to images of the model's own size, uint8 (N, H, W, C).

        They are named by their positions: `0`, `1`.

        Raises:
            ValueError: they have another size, type or number of channels.
        """
        how = self.record.preprocessing
        expected = (how.size, how.size, how.channels)
        if images.dtype != np.uint8 or images.shape[1:] != expected:
            raise ValueError(
                f"images must be uint8 of shape (N, {', '.join(map(str, expected))}), not "
                f"{images.dtype} of {images.shape}"
            )
        names = [str(position) for position in range(len(images))]
        return Predictions(self._predictor.answer(names, images), (*self.record.classes,))
