"""Cache of decoded images: one memory-mapped array per set of files, size and channels.

A cache entry is a folder with `images.npy` and `index.json`. It is built under the name
`*.partial` and renamed when it is complete. While it is built, `done.jsonl` records the decoded
rows, so an interrupted build resumes. A lock file beside it admits one building process at a
time.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import platformdirs
from msgspec.structs import replace

from medtui.datasets.cache_adoption import adopt_entry
from medtui.datasets.cache_key import real_folder, state_of
from medtui.datasets.card import Card
from medtui.datasets.decode_settings import decode_settings
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.image import DECODER_VERSION
from medtui.datasets.decoding.image_stats import hash_image
from medtui.datasets.decoding.pool import num_children, run_jobs
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.index import ImageIndex
from medtui.datasets.pixel_stats import Pixels
from medtui.datasets.progress import Progress, Reporter
from medtui.errors import EnvironmentProblem
from medtui.units import MIB, format_bytes

JOB_IMAGES = 128
"""Images per job; each child of an interrupted build repeats at most this many."""

_SPARE_BYTES = 64 * MIB
"""Bytes left free on the disk besides the array, for the index and other writers."""


class CacheRecord(msgspec.Struct, frozen=True):
    """Content of `index.json`: what was measured on the images of a cache entry."""

    key: str
    """Hash of everything that determines the pixels."""
    card: str
    """Name of the card for which the entry was built."""
    root: str
    """Folder of the image files."""
    sums: list[list[int]]
    """Sum of the pixels per image and channel."""
    squares: list[list[int]]
    """Sum of the squared pixels per image and channel."""
    hashes: list[str]
    """Hash of each image's pixels."""
    kinds: list[str]
    """Format, mode, width and height of each file."""
    bad: dict[int, str]
    """Row to the reason why its file could not be decoded."""


def default_cache_dir() -> Path:
    """Return `MEDTUI_CACHE_DIR`, or the user's cache folder when it is not set."""
    given = os.environ.get("MEDTUI_CACHE_DIR")
    return Path(given).expanduser() if given else platformdirs.user_cache_path("medtui")


def open_cached(card: Card, index: ImageIndex, cache_dir: Path | None, report: Reporter) -> Pixels:
    """Return the pixels of indexed images from the cache; decode them first if they are missing.

    Raises:
        EnvironmentProblem: the disk is full or the cache cannot be written.
    """
    assert index.files is not None
    folder = (cache_dir or default_cache_dir()) / "images"
    key = content_key(index, decode_settings(card, index))
    entry = folder / f"{card.name}-{index.size}px-{key[:16]}"
    if (found := _read(entry, key, index)) is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(entry, report):
            found = _read(entry, key, index)
            if found is None and adopt_entry(
                entry, card.name, key, index, decode_settings(card, index)
            ):
                found = _read(entry, key, index)
            if found is None:
                _build(card, index, entry, key, report)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: {error.strerror or error}. Decoded images could not be written.",
            hint="Set another cache folder: MEDTUI_CACHE_DIR=/path/with/space",
        ) from error
    built = found or _read(entry, key, index)
    assert built is not None
    return built


def content_key(index: ImageIndex, settings: DecodeSettings) -> str:
    """Hash everything that determines the pixels: folder, file names and states, decoder."""
    assert index.files is not None
    parts = [DECODER_VERSION, *settings.key_parts(), real_folder(index)]
    digest = hashlib.sha256(json.dumps(parts).encode())
    for name, path in zip(index.names, index.files, strict=True):
        digest.update(f"{name}\0{state_of(path)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read(entry: Path, key: str, index: ImageIndex) -> Pixels | None:
    """Return a cache entry's pixels; None where it is missing, damaged or of other files."""
    try:
        record = msgspec.json.decode((entry / "index.json").read_bytes(), type=CacheRecord)
        images = np.load(entry / "images.npy", mmap_mode="r")
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    if record.key != key or images.shape != _shape(index) or images.dtype != np.uint8:
        return None
    return Pixels(
        images_NHWC=images,
        sums_NC=np.array(record.sums, np.uint64),
        squares_NC=np.array(record.squares, np.uint64),
        hashes_N=record.hashes,
        kinds_N=record.kinds,
        bad=record.bad,
    )


def _shape(index: ImageIndex) -> tuple[int, int, int, int]:
    return len(index), index.size, index.size, index.channels


def _build(card: Card, index: ImageIndex, entry: Path, key: str, report: Reporter) -> None:
    """Decode the images that are not decoded yet, then publish the entry."""
    assert index.files is not None
    partial = entry.with_name(f"{entry.name}.partial")
    array = (partial / "images.npy").resolve()
    log = partial / "done.jsonl"
    finished = _resume(partial, log, index)
    record = CacheRecord(
        key=key,
        card=card.name,
        root=os.path.commonpath([os.path.dirname(path) for path in index.files]),  # noqa: PTH120 - strings in, string out
        sums=[[0] * index.channels for _ in index.names],
        squares=[[0] * index.channels for _ in index.names],
        hashes=[""] * len(index),
        kinds=[""] * len(index),
        bad={},
    )
    is_done = np.zeros(len(index), bool)
    for done in finished:
        _fill(record, is_done, done)
    report(Progress("decode", int(is_done.sum()), len(index)))
    with log.open("ab") as file:

        def take(done: Done) -> None:
            file.write(msgspec.json.encode(done) + b"\n")
            file.flush()
            _fill(record, is_done, done)
            report(Progress("decode", int(is_done.sum()), len(index)))

        settings = decode_settings(card, index)
        settings = replace(settings, bits=settings.bits or 16)  # as in earlier versions
        jobs = _missing_jobs(index.files, is_done, str(array), settings)
        run_jobs(jobs, take, min(num_children(), len(jobs)))
    _publish(partial, entry, record)


def _fill(record: CacheRecord, is_done: np.ndarray, done: Done) -> None:
    rows = slice(done.first, done.first + len(done.hashes))
    record.sums[rows], record.squares[rows], record.hashes[rows] = (
        done.sums,
        done.squares,
        done.hashes,
    )
    record.kinds[rows] = done.kinds
    record.bad.update(done.bad)
    is_done[rows] = True
    is_done[list(done.bad)] = True


def _missing_jobs(
    files: list[str], is_done: np.ndarray, array: str, settings: DecodeSettings
) -> list[Job]:
    """Return jobs of consecutive rows for the images that are not decoded yet."""
    jobs = []
    for first in range(0, len(files), JOB_IMAGES):
        rows = np.arange(first, min(first + JOB_IMAGES, len(files)))
        open_rows = rows[~is_done[rows]]
        for run in np.split(open_rows, np.flatnonzero(np.diff(open_rows) > 1) + 1):
            if len(run):
                paths = [os.path.abspath(files[row]) for row in run]  # noqa: PTH100 - links are kept
                jobs.append(Job(array, int(run[0]), paths, settings))
    return jobs


def _resume(partial: Path, log: Path, index: ImageIndex) -> list[Done]:
    """Return the jobs that an interrupted build finished; create the array where there is none.

    A logged job counts only if the array on disk still has the logged hashes. Disk space for the
    whole array is allocated up front: in a sparse file, a full disk would kill the writing process
    with SIGBUS instead of raising an error.
    """
    array = partial / "images.npy"
    finished: list[Done] = []
    with contextlib.suppress(OSError, ValueError):
        images_NHWC = np.load(array, mmap_mode="r")
        if images_NHWC.shape == _shape(index):
            finished = [done for done in _logged(log) if _is_on_disk(done, images_NHWC)]
    if finished:
        return finished
    shutil.rmtree(partial, ignore_errors=True)
    _check_space(partial.parent, index)
    partial.mkdir()
    np.lib.format.open_memmap(array, mode="w+", dtype=np.uint8, shape=_shape(index)).flush()
    with array.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, array.stat().st_size)
    return []


def _is_on_disk(done: Done, images_NHWC: np.ndarray) -> bool:
    """Return whether the array holds the pixels of a logged job.

    The log is flushed after each job, the array by the kernel: after a power failure the log can
    be ahead of the array.
    """
    rows = images_NHWC[done.first : done.first + len(done.hashes)]
    return all(
        row in done.bad or hash_image(image) == known
        for row, (image, known) in enumerate(zip(rows, done.hashes, strict=False), done.first)
    )


def _logged(log: Path) -> Iterator[Done]:
    """Yield the jobs of the log up to its first torn line, and truncate the log there."""
    sound = 0
    with log.open("rb") as file:
        for line in file:
            try:
                done = msgspec.json.decode(line, type=Done)
            except msgspec.DecodeError:
                break
            if not line.endswith(b"\n"):
                break
            sound += len(line)
            yield done
    os.truncate(log, sound)


def _check_space(folder: Path, index: ImageIndex) -> None:
    needed = int(np.prod(_shape(index))) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentProblem(
            f"{folder}: {len(index):,} decoded images need {format_bytes(needed)}, "
            f"{format_bytes(free)} are free.",
            hint="Free disk space, or set another cache folder: MEDTUI_CACHE_DIR=/path/with/space",
        )


def _publish(partial: Path, entry: Path, record: CacheRecord) -> None:
    """Write the index, sync both files, and rename the folder to its final name.

    The rename is the last step, so a folder without `.partial` in its name is always complete.
    """
    with (partial / "images.npy").open("rb") as file:
        os.fsync(file.fileno())
    with (partial / "index.json").open("wb") as file:
        file.write(msgspec.json.encode(record))
        file.flush()
        os.fsync(file.fileno())
    (partial / "done.jsonl").unlink(missing_ok=True)
    if entry.exists():
        shutil.rmtree(entry)
    partial.rename(entry)


@contextlib.contextmanager
def _locked(entry: Path, report: Reporter) -> Iterator[None]:
    """Hold the entry's lock; report `wait` while another process holds it."""
    with entry.with_name(f"{entry.name}.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report(Progress("wait", 0, 0))
                time.sleep(0.2)
        yield
