"""How fast images become the cache, against decoding them one at a time, in the same run.

`python -m medtui.datasets.benchmark CARD ROOT` prints the conditions beside the numbers. The two
ways take turns, so that whatever else the machine does falls on both.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import PIL
from PIL import Image

from medtui.datasets.cache import open_cached
from medtui.datasets.dataset import open_dataset
from medtui.datasets.progress import tell_nobody
from medtui.datasets.source import Source, open_source
from medtui.decoding.pool import num_children
from medtui.preset import DataSettings

ROUNDS = 3


def one_at_a_time(source: Source) -> float:
    """Decode and scale every image in this process, unchecked; give images a second."""
    listing, mode = source.listing, "L" if source.listing.channels == 1 else "RGB"
    started = time.perf_counter()
    for path in listing.files or ():
        with Image.open(path) as image:
            size = (listing.size, listing.size)
            np.asarray(image.convert(mode).resize(size, Image.Resampling.BILINEAR))
    return len(listing) / (time.perf_counter() - started)


def into_the_cache(source: Source, cache_dir: Path) -> float:
    """Check, decode, scale, measure and store every image, processes' start included."""
    started = time.perf_counter()
    open_cached(source.card, source.listing, cache_dir, tell_nobody)
    return len(source.listing) / (time.perf_counter() - started)


def second_start(settings: DataSettings, cache_dir: Path) -> float:
    """Give the seconds in which a data set opens whose images are in the cache."""
    started = time.perf_counter()
    open_dataset(settings, cache_dir=cache_dir)
    return time.perf_counter() - started


def main(card: str, root: str) -> None:
    """Measure and print."""
    settings = DataSettings(card=card, root=root, split="patient")
    source = open_source(settings)
    one_at_a_time(source)  # files are in the page cache for both ways alike
    plain, cached, seconds = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            plain.append(one_at_a_time(source))
            cached.append(into_the_cache(source, Path(folder)))
            seconds += [second_start(settings, Path(folder)) for _ in range(ROUNDS)]
    ratio = median(after / before for before, after in zip(plain, cached, strict=True))
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    report = f"""\
{len(source.listing):,} images, {cores} cores, load {load:.1f}, Pillow {PIL.__version__}
median of {ROUNDS} rounds
one at a time  {median(plain):8,.0f} images a second, unchecked
into the cache {median(cached):8,.0f} images a second, {num_children()} processes
ratio          {ratio:8.2f}
second start   {median(seconds):8.3f} s
"""
    sys.stdout.write(report)


if __name__ == "__main__":
    main(*sys.argv[1:])
