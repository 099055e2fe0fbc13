"""How fast images become the cache, against decoding them one at a time, in the same run.

`python -m benchmarks.decoding CARD ROOT` prints the conditions beside the numbers. The two
ways take turns, so that whatever else the machine does falls on both.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import PIL
from PIL import Image

from medtui.datasets.cache import open_cached
from medtui.datasets.dataset import open_dataset
from medtui.datasets.decoding.pool import num_children
from medtui.datasets.progress import ignore_progress
from medtui.datasets.resolve import Source, open_source
from medtui.preset import DataSettings

ROUNDS = 3


@dataclass(frozen=True)
class Rate:
    """How fast one way was."""

    wall: float
    """Images a second by the clock, which other users of the machine slow down."""
    core: float
    """Images a second of one core's time, children included, which they slow down less."""


def one_at_a_time(source: Source) -> None:
    """Decode and scale every image in this process, unchecked."""
    size = (source.index.size, source.index.size)
    mode = "L" if source.index.channels == 1 else "RGB"
    for path in source.index.files or ():
        with Image.open(path) as image:
            np.asarray(image.convert(mode).resize(size, Image.Resampling.BILINEAR))


def into_the_cache(source: Source, cache_dir: Path) -> None:
    """Check, decode, scale, measure and store every image, processes' start included."""
    open_cached(source.card, source.index, cache_dir, ignore_progress)


def rate(count: int, work: Callable[[], None]) -> Rate:
    """Time one way."""
    wall, core = time.perf_counter(), _core_seconds()
    work()
    return Rate(count / (time.perf_counter() - wall), count / (_core_seconds() - core))


def _core_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def second_start(settings: DataSettings, cache_dir: Path) -> float:
    """Return the seconds in which a data set opens whose images are in the cache."""
    started = time.perf_counter()
    open_dataset(settings, cache_dir=cache_dir)
    return time.perf_counter() - started


def main(card: str, root: str) -> None:
    """Measure and print."""
    settings = DataSettings(card=card, root=root, split="patient")
    source = open_source(settings)
    count = len(source.index)
    one_at_a_time(source)  # files are in the page cache for both ways alike
    plain, cached, seconds = list[Rate](), list[Rate](), list[float]()
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            plain.append(rate(count, partial(one_at_a_time, source)))
            cached.append(rate(count, partial(into_the_cache, source, folder)))
            seconds += [second_start(settings, folder) for _ in range(ROUNDS)]
    ratio = median(after.wall / before.wall for before, after in zip(plain, cached, strict=True))
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    report = f"""\
{count:,} images, {cores} cores, load {load:.1f}, Pillow {PIL.__version__}
median of {ROUNDS} rounds
one at a time   {_shown(plain)}, unchecked
into the cache  {_shown(cached)}, {num_children()} processes
ratio           {ratio:.2f} by the clock
second start    {median(seconds):.3f} s
"""
    sys.stdout.write(report)


def _shown(rates: list[Rate]) -> str:
    wall, core = (median(getattr(each, kind) for each in rates) for kind in ("wall", "core"))
    return f"{wall:6,.0f} images a second, {core:6,.0f} per core-second"


if __name__ == "__main__":
    main(*sys.argv[1:])
