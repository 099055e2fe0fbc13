"""Predicts the images of folders, files or a card, and yields the answers in their order."""

from collections.abc import Callable, Sequence

import numpy as np

from medtui.datasets.decoding.child import Done
from medtui.datasets.decoding.image_stats import Images
from medtui.datasets.decoding.stream import decode_stream
from medtui.datasets.files.unlabelled import FileName
from medtui.datasets.foreign import decode_settings_of, open_images
from medtui.datasets.progress import Progress, Reporter, ignore_progress
from medtui.engine.inference.predictor import Predictor
from medtui.protocol.inference import ImageAnswer

_AT_ONCE = 1024
"""Images of a card that are predicted at once."""

Take = Callable[[list[ImageAnswer]], None]
"""Called with answers, in the order of the images."""


def predict_files(
    predictor: Predictor,
    files: Sequence[FileName],
    take: Take,
    report: Reporter = ignore_progress,
) -> None:
    """Decode and answer files, while others are decoded; those that cannot be have the reason.

    Raises:
        EnvironmentProblem: the temporary folder has no space, or no decoder can be started.
    """
    candidates = [at for at, each in enumerate(files) if not each.problem]
    answered: dict[int, ImageAnswer] = {
        at: ImageAnswer(each.name, problem=each.problem)
        for at, each in enumerate(files)
        if each.problem
    }
    taken, num_decoded = 0, 0

    def receive(first: int, images_NHWC: Images, done: Done) -> None:
        nonlocal taken, num_decoded
        places = candidates[first : first + done.num_files]
        bad = {row - done.first: reason for row, reason in done.bad.items()}
        good = [row for row in range(len(places)) if row not in bad]
        names = [files[places[row]].name for row in good]
        for row, answer in zip(good, predictor.answer(names, images_NHWC[good]), strict=True):
            answered[places[row]] = answer
        for row, reason in bad.items():
            answered[places[row]] = ImageAnswer(files[places[row]].name, problem=reason)
        num_decoded += len(places)
        report(Progress("predict", num_decoded, len(candidates)))
        taken = _hand_over(answered, taken, take)

    settings = decode_settings_of(predictor.model.record.preprocessing)
    decode_stream([files[at].name for at in candidates], settings, receive)
    _hand_over(answered, taken, take)


def _hand_over(answered: dict[int, ImageAnswer], first: int, take: Take) -> int:
    """Pass on the answers that follow those passed on before; return how many are."""
    ready = []
    while first in answered:
        ready.append(answered.pop(first))
        first += 1
    if ready:
        take(ready)
    return first


def predict_card(
    predictor: Predictor, card: str, root: str, take: Take, report: Reporter = ignore_progress
) -> None:
    """Answer all images of a card, in the order of their names; its labels are not read.

    Raises:
        MedtuiError: the card is not valid, or its images cannot be read.
    """
    found = open_images(card, root, predictor.model.record.preprocessing, report)
    names, bad = found.index.names, found.pixels.bad
    for first in range(0, len(names), _AT_ONCE):
        rows = range(first, min(first + _AT_ONCE, len(names)))
        good = [row for row in rows if row not in bad]
        pixels_NHWC = found.pixels.images_NHWC[np.array(good, np.int64)]
        answers = dict(
            zip(good, predictor.answer([names[row] for row in good], pixels_NHWC), strict=True)
        )
        take([answers.get(row) or ImageAnswer(names[row], problem=bad[row]) for row in rows])
        report(Progress("predict", rows.stop, len(names)))
