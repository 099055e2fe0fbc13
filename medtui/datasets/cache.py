"""Images decoded once: a memory-mapped array per (files, size, channels), shared by all runs.

An entry is a folder, `images.npy` and `index.json`, that appears by rename when it is complete.
Until then it is named `*.partial` and its `done.jsonl` tells which rows are decoded, so that a
build that was killed goes on where it was. A lock beside it lets one process build at a time.
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

from medtui.datasets.card import Card
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.image import DECODER_VERSION
from medtui.datasets.decoding.image_stats import hash_image
from medtui.datasets.decoding.pool import num_children, run_jobs
from medtui.datasets.index import Listing
from medtui.datasets.pixel_stats import Pixels
from medtui.datasets.progress import Progress, Tell
from medtui.errors import EnvironmentProblem
from medtui.units import MIB, format_bytes

JOB_IMAGES = 128
"""Images of a job: what a killed build decodes again, per child."""

_SPARE_BYTES = 64 * MIB
"""Left free on the disk beside the array, for the index and for others."""


class Index(msgspec.Struct, frozen=True):
    """`index.json`: what is known of an entry's images."""

    key: str
    """Hash of everything the pixels depend on."""
    card: str
    """Name of the card that asked for it first."""
    root: str
    """Where the images were."""
    sums: list[list[int]]
    """Sum of pixels, image by image, per channel."""
    squares: list[list[int]]
    """Sum of their squares."""
    hashes: list[str]
    """Hash of each image's pixels."""
    kinds: list[str]
    """What each file was: format, mode, width and height."""
    bad: dict[int, str]
    """Rows that could not be decoded, and why."""


def default_cache_dir() -> Path:
    """Return where caches lie: `MEDTUI_CACHE_DIR`, else the user's cache folder."""
    given = os.environ.get("MEDTUI_CACHE_DIR")
    return Path(given).expanduser() if given else platformdirs.user_cache_path("medtui")


def open_cached(card: Card, listing: Listing, cache_dir: Path | None, tell: Tell) -> Pixels:
    """Return a listing's pixels from the cache, which decodes them first where it lacks them.

    Raises:
        EnvironmentProblem: the cache's disk is too small or cannot be written.
    """
    assert listing.files is not None
    folder = (cache_dir or default_cache_dir()) / "images"
    key = content_key(listing)
    entry = folder / f"{card.name}-{listing.size}px-{key[:16]}"
    if (found := _read(entry, key, listing)) is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(entry, tell):
            if (found := _read(entry, key, listing)) is None:
                _build(card, listing, entry, key, tell)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: {error.strerror or error}. Decoded images cannot be kept there.",
            hint="Choose another place: MEDTUI_CACHE_DIR=/path/with/space",
        ) from error
    built = found or _read(entry, key, listing)
    assert built is not None
    return built


def content_key(listing: Listing) -> str:
    """Hash everything the pixels depend on: names, sizes and times of files, and the decoder."""
    assert listing.files is not None
    settings = [DECODER_VERSION, listing.size, listing.channels]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for name, path in zip(listing.names, listing.files, strict=True):
        try:
            status = os.stat(path)  # noqa: PTH116 - a third of pathlib's time over 100,000 files
            state = f"{status.st_size} {status.st_mtime_ns} {status.st_mode}"
        except OSError as error:
            state = f"error {error.errno}"
        digest.update(f"{name}\0{state}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read(entry: Path, key: str, listing: Listing) -> Pixels | None:
    """Return an entry's pixels; None where it is missing, of other files, or damaged."""
    try:
        index = msgspec.json.decode((entry / "index.json").read_bytes(), type=Index)
        images = np.load(entry / "images.npy", mmap_mode="r")
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    if index.key != key or images.shape != _shape(listing) or images.dtype != np.uint8:
        return None
    return Pixels(
        images_NHWC=images,
        sums_NC=np.array(index.sums, np.uint64),
        squares_NC=np.array(index.squares, np.uint64),
        hashes_N=index.hashes,
        kinds_N=index.kinds,
        bad=index.bad,
    )


def _shape(listing: Listing) -> tuple[int, int, int, int]:
    return len(listing), listing.size, listing.size, listing.channels


def _build(card: Card, listing: Listing, entry: Path, key: str, tell: Tell) -> None:
    """Decode what is not decoded yet, then publish the entry."""
    assert listing.files is not None
    partial = entry.with_name(f"{entry.name}.partial")
    array = (partial / "images.npy").resolve()
    log = partial / "done.jsonl"
    finished = _resume(partial, log, listing)
    index = Index(
        key=key,
        card=card.name,
        root=os.path.commonpath([os.path.dirname(path) for path in listing.files]),  # noqa: PTH120 - strings in, string out
        sums=[[0] * listing.channels for _ in listing.names],
        squares=[[0] * listing.channels for _ in listing.names],
        hashes=[""] * len(listing),
        kinds=[""] * len(listing),
        bad={},
    )
    is_done = np.zeros(len(listing), bool)
    for done in finished:
        _fill(index, is_done, done)
    tell(Progress("decode", int(is_done.sum()), len(listing)))
    with log.open("ab") as file:

        def take(done: Done) -> None:
            file.write(msgspec.json.encode(done) + b"\n")
            file.flush()
            _fill(index, is_done, done)
            tell(Progress("decode", int(is_done.sum()), len(listing)))

        jobs = _missing_jobs(listing.files, is_done, str(array))
        run_jobs(jobs, take, min(num_children(), len(jobs)))
    _publish(partial, entry, index)


def _fill(index: Index, is_done: np.ndarray, done: Done) -> None:
    rows = slice(done.first, done.first + len(done.hashes))
    index.sums[rows], index.squares[rows], index.hashes[rows] = done.sums, done.squares, done.hashes
    index.kinds[rows] = done.kinds
    index.bad.update(done.bad)
    is_done[rows] = True
    is_done[list(done.bad)] = True


def _missing_jobs(files: list[str], is_done: np.ndarray, array: str) -> list[Job]:
    """Cut the rows that are still to be decoded into jobs of consecutive rows."""
    jobs = []
    for first in range(0, len(files), JOB_IMAGES):
        rows = np.arange(first, min(first + JOB_IMAGES, len(files)))
        open_rows = rows[~is_done[rows]]
        for run in np.split(open_rows, np.flatnonzero(np.diff(open_rows) > 1) + 1):
            if len(run):
                paths = [os.path.abspath(files[row]) for row in run]  # noqa: PTH100 - links are kept
                jobs.append(Job(array, int(run[0]), paths))
    return jobs


def _resume(partial: Path, log: Path, listing: Listing) -> list[Done]:
    """Return what an earlier build finished; the array is created where it is missing."""
    array = partial / "images.npy"
    finished: list[Done] = []
    with contextlib.suppress(OSError, ValueError):
        images_NHWC = np.load(array, mmap_mode="r")
        if images_NHWC.shape == _shape(listing):
            finished = [done for done in _logged(log) if _is_on_disk(done, images_NHWC)]
    if finished:
        return finished
    shutil.rmtree(partial, ignore_errors=True)
    _check_space(partial.parent, listing)
    partial.mkdir()
    np.lib.format.open_memmap(array, mode="w+", dtype=np.uint8, shape=_shape(listing)).flush()
    with array.open(
        "r+b"
    ) as file:  # a hole in the file would end a writer with SIGBUS on a full disk
        os.posix_fallocate(file.fileno(), 0, array.stat().st_size)
    return []


def _is_on_disk(done: Done, images_NHWC: np.ndarray) -> bool:
    """Tell whether a job's pixels outlived what ended the build: after a power cut they may not."""
    rows = images_NHWC[done.first : done.first + len(done.hashes)]
    return all(
        row in done.bad or hash_image(image) == known
        for row, (image, known) in enumerate(zip(rows, done.hashes, strict=False), done.first)
    )


def _logged(log: Path) -> Iterator[Done]:
    """Read the log up to its first torn line, and cut it there for the lines to come."""
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


def _check_space(folder: Path, listing: Listing) -> None:
    needed = int(np.prod(_shape(listing))) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentProblem(
            f"{folder}: {len(listing):,} decoded images need {format_bytes(needed)}, "
            f"{format_bytes(free)} are free.",
            hint="Make room, or choose another place: MEDTUI_CACHE_DIR=/path/with/space",
        )


def _publish(partial: Path, entry: Path, index: Index) -> None:
    """Write the index last, and let the entry appear at once."""
    with (partial / "images.npy").open("rb") as file:
        os.fsync(file.fileno())
    with (partial / "index.json").open("wb") as file:
        file.write(msgspec.json.encode(index))
        file.flush()
        os.fsync(file.fileno())
    (partial / "done.jsonl").unlink(missing_ok=True)
    if entry.exists():
        shutil.rmtree(entry)
    partial.rename(entry)


@contextlib.contextmanager
def _locked(entry: Path, tell: Tell) -> Iterator[None]:
    """Hold the entry's lock; wait, telling so, while another process builds it."""
    with entry.with_name(f"{entry.name}.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                tell(Progress("wait", 0, 0))
                time.sleep(0.2)
        yield
