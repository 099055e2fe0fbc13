"""Measure how fast images are decoded into the cache, compared with decoding one at a time.

`python -m benchmarks.decoding CARD ROOT` prints the conditions with the results; without words it
compares DICOM files with PNG files of the same pixels instead. Both methods run interleaved, so
that other load of the machine affects both.
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

from medtui.datasets.cache.entry import open_cached
from medtui.datasets.dataset import open_dataset
from medtui.datasets.decoding.pool import num_children
from medtui.datasets.progress import ignore_progress
from medtui.datasets.resolve import Source, open_source
from medtui.preset import DataSettings
from tests.helpers.dicom_files import write_dicom

ROUNDS = 3
DICOM_ROUNDS = 5
NUM_FILMS = 200
FILM_SIDE = 1024
"""Side of the RSNA films in pixels."""


@dataclass(frozen=True)
class Rate:
    """The throughput of one method."""

    wall: float
    """Images per second of wall time, which depends on the machine's load."""
    core: float
    """Images per second of CPU time, children included, which depends less on the load."""


def one_at_a_time(source: Source) -> None:
    """Decode and resize every image in this process, without checks."""
    size = (source.index.size, source.index.size)
    mode = "L" if source.index.channels == 1 else "RGB"
    for path in source.index.files or ():
        with Image.open(path) as image:
            np.asarray(image.convert(mode).resize(size, Image.Resampling.BILINEAR))


def into_the_cache(source: Source, cache_dir: Path) -> None:
    """Check, decode, resize and store every image, including the start of the processes."""
    open_cached(source.card, source.index, cache_dir, ignore_progress)


def rate(count: int, work: Callable[[], None]) -> Rate:
    """Return the throughput of one method."""
    wall, core = time.perf_counter(), _core_seconds()
    work()
    return Rate(count / (time.perf_counter() - wall), count / (_core_seconds() - core))


def _core_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def second_start(settings: DataSettings, cache_dir: Path) -> float:
    """Return the seconds to open a data set whose images are in the cache."""
    started = time.perf_counter()
    open_dataset(settings, cache_dir=cache_dir)
    return time.perf_counter() - started


def main(card: str, root: str) -> None:
    """Run the benchmark and print the results."""
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


def compare_dicom() -> None:
    """Print the rate of DICOM files as a share of that of PNG files of the same pixels."""
    with tempfile.TemporaryDirectory() as name:
        for depth in (8, 16):
            rates: dict[str, list[Rate]] = {"png": [], "dicom": []}
            sources = {form: _films(Path(name), form, depth) for form in rates}
            for number in range(DICOM_ROUNDS + 1):  # the first reads the files into memory
                for form, source in sources.items():
                    cache_dir = Path(name) / f"cache {depth} {form} {number}"
                    measured = rate(NUM_FILMS, partial(into_the_cache, source, cache_dir))
                    rates[form] += [measured] if number else []
            pairs = list(zip(rates["dicom"], rates["png"], strict=True))
            ratios = sorted(dicom.core / png.core for dicom, png in pairs)
            sys.stdout.write(
                f"{NUM_FILMS} films of {FILM_SIDE} x {FILM_SIDE} pixels of {depth} bits, "
                f"{DICOM_ROUNDS} rounds, load {os.getloadavg()[0]:.1f}\n"
                f"PNG    {_shown(rates['png'])}\nDICOM  {_shown(rates['dicom'])}\n"
                f"ratio  {median(ratios):.2f} per core-second, "
                f"{ratios[0]:.2f} to {ratios[-1]:.2f}\n"
            )


def _films(folder: Path, form: str, depth: int) -> Source:
    """Write smooth films in two class folders, as PNG or uncompressed DICOM."""
    root, suffix = folder / f"{form} {depth}", {"png": ".png", "dicom": ".dcm"}[form]
    for at in range(NUM_FILMS):
        coarse = np.random.default_rng(at).integers(0, 256, (32, 32), np.uint8)
        image = Image.fromarray(coarse).resize((FILM_SIDE, FILM_SIDE), Image.Resampling.BICUBIC)
        pixels = np.asarray(image)
        if depth > 8:
            pixels = pixels.astype(np.uint16) * 16 + at % 16
        path = root / ("mass", "normal")[at % 2] / f"P{at}_film{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if form == "png":
            Image.fromarray(pixels).save(path)
        else:
            write_dicom(path, pixels)
    card = root / "card.toml"
    card.write_text(
        f'schema = 1\nname = "{form}-{depth}"\nformat = "folders"\nchannels = 1\nsize = 64\n'
        "patient = '^(P[0-9]+)_'\n"
    )
    return open_source(DataSettings(card=str(card), root=str(root)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(*sys.argv[1:])
    else:
        compare_dicom()
