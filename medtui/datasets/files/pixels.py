"""Decodes the files of an index into a cache entry, and finds the range of their values."""

import os
from collections.abc import Callable

from msgspec.structs import replace

from medtui.datasets.cache.build import CacheBuild
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.picture import bits_of
from medtui.datasets.decoding.pool import num_children, run_jobs
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.index import ImageIndex
from medtui.datasets.progress import Progress, Reporter

JOB_IMAGES = 128
"""Images per job; each child of an interrupted build repeats at most this many."""

_MEASURED_SIDE = 8
"""Side of images that are decoded for their largest value only."""


KnownRange = Callable[[], tuple[int | None, str]]
"""Returns the bits of the whole set, None where unknown, and the key of its files."""


def fill_from_files(build: CacheBuild, index: ImageIndex, known_range: KnownRange) -> None:
    """Decode the missing images; deep ones by the range of the whole set.

    The range of the set is known only when all its files were read. Until then each deep image is
    scaled by its own range, and those whose range is another are decoded again: in a set of one
    depth these are the dark ones.
    """
    assert index.files is not None
    settings = build.settings
    _decode(build, index.files, settings)
    if not build.record.largest:
        return
    if settings.bits is not None:
        build.rescale(settings.bits, range_key="")
    else:
        build.rescale(*_measure(build, index, known_range))
        _decode(build, index.files, replace(settings, bits=build.record.bits))


def _decode(build: CacheBuild, files: list[str], settings: DecodeSettings) -> None:
    jobs = [
        Job(
            str(build.array),
            int(run[0]),
            [os.path.abspath(files[row]) for row in run],  # noqa: PTH100 - links are kept
            settings,
        )
        for run in build.missing_runs(JOB_IMAGES)
    ]
    run_jobs(jobs, build.take, min(num_children(), len(jobs)))


def _measure(build: CacheBuild, index: ImageIndex, known_range: KnownRange) -> tuple[int, str]:
    """Return the bits of the largest value in all files of the set, and the files' key."""
    assert index.files is not None
    largest = max(build.record.largest.values())
    others = sorted({*(index.whole_files or ())} - {*index.files})
    bits, key = known_range()
    if bits is None:
        found = _largest_in(others, replace(build.settings, size=_MEASURED_SIDE), build.report)
        bits = bits_of(max(largest, found))
    return bits, key


def _largest_in(files: list[str], settings: DecodeSettings, report: Reporter) -> int:
    """Return the largest value of the deep images among `files`; 0 where there are none."""
    largest, num_done = 0, 0

    def take(done: Done) -> None:
        nonlocal largest, num_done
        largest = max(largest, *done.largest.values(), 0)
        num_done += done.num_files
        report(Progress("measure", num_done, len(files)))

    paths = [os.path.abspath(each) for each in files]  # noqa: PTH100 - links are kept
    jobs = [
        Job("", first, paths[first : first + JOB_IMAGES], settings)
        for first in range(0, len(paths), JOB_IMAGES)
    ]
    run_jobs(jobs, take, min(num_children(), len(jobs)))
    return largest
