"""Checks a whole data set: counts, unusable files, duplicates, statistics, contact sheet."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from medtui.datasets.contact_sheet import draw_contact_sheet
from medtui.datasets.dataset import content_findings, load_pixels
from medtui.datasets.files.shapes import class_aspects
from medtui.datasets.findings import Findings, by_rank, sentences, warning
from medtui.datasets.index import SPLITS, TRAIN
from medtui.datasets.manifest import find_mismatches, read_manifest
from medtui.datasets.pixel_stats import Pixels, mean_and_std
from medtui.datasets.progress import Progress, ignore_progress
from medtui.datasets.resolve import Source, open_source
from medtui.datasets.summary import DatasetSummary, summarise_source
from medtui.preset import DataSettings
from medtui.units import plural
from medtui.user_folders import expand_home


@dataclass(frozen=True)
class Check:
    """Result of reading every image of a data set."""

    summary: DatasetSummary
    """Counts per split and class."""
    kinds: dict[str, int]
    """Number of files by format and mode, like `PNG RGB`, most frequent first."""
    sides: tuple[int, int]
    """Shortest and longest side of any image in pixels."""
    aspects: dict[str, float]
    """Class to the median of its files' width / height, before they are made square."""
    bits: int | None
    """Range of pixels deeper than 8 bits, where 2**bits is white; None without such pixels."""
    mean: tuple[float, ...]
    """Mean per channel of the train pixels, scaled to 0..1."""
    std: tuple[float, ...]
    """Standard deviation per channel of the same pixels."""
    bad: dict[str, str]
    """Image name to the reason why it cannot be used."""
    findings: Findings
    """What was left out and why, and what looks wrong; the most serious first."""
    mismatches: dict[str, str]
    """Image name to how its file differs from the list of checksums, if one was given."""
    sheet: Path | None
    """Path of the contact sheet; None where none was requested."""

    def as_object(self) -> dict[str, Any]:
        """Return plain JSON values, under the keys of earlier versions."""
        facts = asdict(self)
        card = self.summary.card
        summary: dict[str, Any] = facts.pop("summary") | {
            "card": card.model_dump(mode="json", by_alias=True)
        }
        summary["parts"] = summary.pop("splits")
        del summary["findings"]  # those of the check contain them
        facts["findings"] = msgspec.to_builtins(self.findings)
        facts["notes"] = list(sentences(self.findings))
        return summary | facts | {"sheet": self.sheet and str(self.sheet)}


def check_dataset(
    settings: DataSettings,
    *,
    cache_dir: Path | None = None,
    sheet: Path | None = None,
    manifest: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Check:
    """Check the data set of `settings`.

    With `sheet`, write a contact sheet to that file; with `manifest`, compare all files with the
    checksums in that list.

    Raises:
        DocumentError: the card is not valid.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: data, cache or contact sheet cannot be read or written.
    """
    report = progress or ignore_progress
    checksums = read_manifest(manifest) if manifest else None
    source = open_source(settings, cache_dir=cache_dir, report=report)
    pixels = load_pixels(source, cache_dir, report)
    good_train = [each for each in np.flatnonzero(source.splits == TRAIN) if each not in pixels.bad]
    mean, std = mean_and_std(pixels, np.array(good_train, np.int64))
    if sheet is not None:
        draw_contact_sheet(source.index, pixels, sheet)
    names = source.index.names
    root = expand_home(settings.root)
    return Check(
        summary=summarise_source(source),
        kinds=_kinds(pixels),
        sides=_sides(pixels),
        aspects=class_aspects(source.index, pixels),
        bits=pixels.bits,
        mean=mean,
        std=std,
        bad={names[position]: reason for position, reason in sorted(pixels.bad.items())},
        findings=tuple(by_rank([*source.findings, *_findings(source, pixels)])),
        mismatches=find_mismatches(source.index, root, checksums, report) if checksums else {},
        sheet=sheet,
    )


def _findings(source: Source, pixels: Pixels) -> Findings:
    counts = Counter(SPLITS[source.splits[position]] for position in pixels.bad)
    bad = [
        warning("bad-images", f"{plural(count, 'image')} of {split} cannot be used")
        for split, count in counts.items()
    ]
    return (*bad, *content_findings(source, pixels))


def _kinds(pixels: Pixels) -> dict[str, int]:
    kinds = Counter(kind.rpartition(" ")[0] for kind in pixels.kinds_N if kind)
    return dict(kinds.most_common())


def _sides(pixels: Pixels) -> tuple[int, int]:
    sizes = {kind.rpartition(" ")[2] for kind in pixels.kinds_N if kind}
    sides = [int(side) for size in sizes for side in size.split("x")]
    return min(sides, default=0), max(sides, default=0)
