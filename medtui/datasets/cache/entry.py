"""Cache of decoded images: one memory-mapped array per set of files, size and channels.

A cache entry is a folder with `images.npy` and `index.json`. It is built under the name
`*.partial` and renamed when it is complete. While it is built, `done.jsonl` records the decoded
rows, so an interrupted build resumes. One process builds it at a time, see `cache_lock`.
"""

import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from medtui.datasets.cache.adoption import adopt_entry
from medtui.datasets.cache.build import CacheBuild
from medtui.datasets.cache.key import common_folder, real_folder, state_of
from medtui.datasets.cache.lock import locked
from medtui.datasets.cache.record import DECODER, empty_record, is_outdated, read_record, stamp
from medtui.datasets.card import Card
from medtui.datasets.decode_settings import decode_settings
from medtui.datasets.decoding.image import DECODER_VERSION
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.files.pixels import fill_from_files
from medtui.datasets.formats.npz_images import fill_from_npz
from medtui.datasets.index import ImageIndex
from medtui.datasets.pixel_stats import Pixels
from medtui.datasets.progress import Reporter
from medtui.errors import EnvironmentProblem
from medtui.user_folders import cache_folder

_ANY_SHAPE = DecodeSettings(size=0, channels=0)
"""Settings in the key of a range, which does not depend on them."""


def default_cache_dir() -> Path:
    """Return the folder of all caches."""
    return cache_folder()


def open_cached(card: Card, index: ImageIndex, cache_dir: Path | None, report: Reporter) -> Pixels:
    """Return the pixels of indexed images from the cache; decode them first if they are missing.

    Raises:
        EnvironmentProblem: the disk is full, the cache cannot be written, or an npz file is
            damaged.
    """
    folder = entries_folder(cache_dir)
    settings = decode_settings(card, index)
    key = content_key(index, settings)
    entry = folder / f"{card.name}-{index.size}px-{key[:16]}"
    if (found := _read(entry, key, index)) is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(entry, report):
            found = _read(entry, key, index)
            if found is None and adopt_entry(entry, card.name, key, index, settings):
                found = _read(entry, key, index)
            if found is None:
                _build(card, index, cache_dir, entry, key, report)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: {error.strerror or error}. Decoded images could not be written.",
            hint="Set another cache folder: MEDTUI_CACHE_DIR=/path/with/space",
        ) from error
    built = found or _read(entry, key, index)
    assert built is not None
    return built


def entries_folder(cache_dir: Path | None) -> Path:
    """Return the folder of all cache entries."""
    return (cache_dir or default_cache_dir()) / "images"


def _build(
    card: Card, index: ImageIndex, cache_dir: Path | None, entry: Path, key: str, report: Reporter
) -> None:
    """Decode the images that are not decoded yet, then publish the entry."""
    settings = decode_settings(card, index)
    record = empty_record(key, card.name, _root(index), len(index), settings)
    build = CacheBuild(entry, record, settings, report)
    if index.npz is not None:
        fill_from_npz(build, index)
    else:
        fill_from_files(build, index, partial(known_range, card, index, cache_dir))
    build.publish()


def known_range(
    card: Card, index: ImageIndex, cache_dir: Path | None = None
) -> tuple[int | None, str]:
    """Return the bits of the whole set, where an entry has them, and the key of its files."""
    folder = entries_folder(cache_dir)
    key = _range_key(index)
    for entry in sorted(folder.glob(f"{card.name}-*px-*")):
        record = read_record(entry)
        if record is not None and record.bits is not None and record.range_key == key:
            return record.bits, key
    return None, key


def _range_key(index: ImageIndex) -> str:
    """Return the key of the files that determine the range of deep pixels."""
    files = index.whole_files or []
    return content_key(replace(index, names=files, files=files), _ANY_SHAPE)


def _root(index: ImageIndex) -> str:
    if index.files is None:
        return str(index.npz)
    return common_folder(index.files)


def content_key(index: ImageIndex, settings: DecodeSettings) -> str:
    """Hash everything that determines the pixels: folder, file names and states, decoder."""
    parts = [DECODER_VERSION, *settings.key_parts(), real_folder(index)]
    digest = hashlib.sha256(json.dumps(parts).encode())
    names, files = index.names, index.files or []
    if index.npz is not None:
        assert index.rows is not None
        digest.update(index.rows.tobytes())
        names, files = [index.npz.name], [str(index.npz)]
    for name, path in zip(names, files, strict=True):
        digest.update(f"{name}\0{state_of(path)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read(entry: Path, key: str, index: ImageIndex) -> Pixels | None:
    """Return a cache entry's pixels; None where it is missing, damaged or of other files."""
    record = read_record(entry)
    if record is None or record.key != key or is_outdated(record, index.files):
        return None
    is_limited = len(index.whole_files or ()) > len(index)
    if record.range_key and is_limited and record.range_key != _range_key(index):
        return None
    try:
        images = np.load(entry / "images.npy", mmap_mode="r")
    except (OSError, ValueError):
        return None
    if images.shape != _shape(index) or images.dtype != np.uint8:
        return None
    if record.decoder < DECODER:
        stamp(record, entry)
    return Pixels(
        images_NHWC=images,
        sums_NC=np.array(record.sums, np.uint64),
        squares_NC=np.array(record.squares, np.uint64),
        hashes_N=record.hashes,
        kinds_N=record.kinds,
        bad=record.bad,
        largest=record.largest,
        bits=record.bits,
    )


def _shape(index: ImageIndex) -> tuple[int, int, int, int]:
    return len(index), index.size, index.size, index.channels
