"""Looks a data set over completely: what it holds, what is wrong with it, what it looks like."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medtui.datasets.contact_sheet import draw_sheet
from medtui.datasets.dataset import load_pixels, pixel_notes
from medtui.datasets.index import PARTS, TRAIN
from medtui.datasets.pixel_stats import Pixels, mean_and_std
from medtui.datasets.progress import Progress, tell_nobody
from medtui.datasets.resolve import Source, open_source
from medtui.datasets.summary import Survey, survey_source
from medtui.preset import DataSettings


@dataclass(frozen=True)
class Check:
    """What a look at every image found."""

    survey: Survey
    """Counts per part and class."""
    kinds: dict[str, int]
    """Files by format and mode, like `PNG RGB`, commonest first."""
    sides: tuple[int, int]
    """Shortest and longest side of any image in pixels."""
    mean: tuple[float, ...]
    """Per channel, of the train split's pixels scaled to 0..1."""
    std: tuple[float, ...]
    """Likewise."""
    bad: dict[str, str]
    """Names of images that cannot be used, and why."""
    notes: tuple[str, ...]
    """All that should be known, in sentences with counts."""
    sheet: Path | None
    """The contact sheet, where one was asked for."""

    def as_object(self) -> dict[str, Any]:
        """Return plain JSON values."""
        facts = asdict(self)
        card = self.survey.card
        survey: dict[str, Any] = facts.pop("survey") | {
            "card": card.model_dump(mode="json", by_alias=True)
        }
        return survey | facts | {"sheet": self.sheet and str(self.sheet)}


def check_dataset(
    settings: DataSettings,
    *,
    cache_dir: Path | None = None,
    sheet: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Check:
    """Look over what `settings` name; with `sheet`, draw some images of each class there.

    Raises:
        DocumentError: the card is no card.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: data, cache or sheet cannot be read or written.
    """
    source = open_source(settings)
    pixels = load_pixels(source, cache_dir, progress or tell_nobody)
    good_train = [each for each in np.flatnonzero(source.parts == TRAIN) if each not in pixels.bad]
    mean, std = mean_and_std(pixels, np.array(good_train, np.int64))
    if sheet is not None:
        draw_sheet(source.listing, pixels, sheet)
    names = source.listing.names
    return Check(
        survey=survey_source(source),
        kinds=_kinds(pixels),
        sides=_sides(pixels),
        mean=mean,
        std=std,
        bad={names[position]: reason for position, reason in sorted(pixels.bad.items())},
        notes=(*source.notes, *_notes(source, pixels)),
        sheet=sheet,
    )


def _notes(source: Source, pixels: Pixels) -> tuple[str, ...]:
    lost = Counter(PARTS[source.parts[position]] for position in pixels.bad)
    bad = [f"{count} images of {part} cannot be used" for part, count in lost.items()]
    return (*bad, *pixel_notes(source.listing, source.parts, pixels))


def _kinds(pixels: Pixels) -> dict[str, int]:
    kinds = Counter(kind.rpartition(" ")[0] for kind in pixels.kinds_N if kind)
    return dict(kinds.most_common())


def _sides(pixels: Pixels) -> tuple[int, int]:
    sizes = {kind.rpartition(" ")[2] for kind in pixels.kinds_N if kind}
    sides = [int(side) for size in sizes for side in size.split("x")]
    return min(sides, default=0), max(sides, default=0)
