"""Takes over cache entries of earlier versions, whose keys could not tell all files apart."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from medtui.datasets.cache.key import common_folder, earlier_key
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.pool import run_jobs
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.digest import FIRST_RULE, index_under
from medtui.datasets.index import ImageIndex

NUM_DECODED = 16
"""Images that are decoded and compared with the entry before it is taken over."""


def adopt_entry(
    entry: Path, card: str, key: str, index: ImageIndex, settings: DecodeSettings
) -> bool:
    """Rename the entry of an earlier version for these images to `entry`; return whether it fits.

    It fits if names, sizes, times and folder are those of the entry, no file was replaced since it
    was built, and some images, spread over the set, decode to the recorded pixels.
    """
    try:
        earlier = index_under(FIRST_RULE, index)
        if earlier.files != index.files:
            return False  # the rows of the array have another order
        wanted = earlier_key(earlier, settings)
        folder = entry.with_name(f"{card}-{index.size}px-{wanted[:16]}")
        record = json.loads((folder / "index.json").read_bytes())
        if not _is_of(folder, record, wanted, index.files or []):
            return False
        if not _has_pixels_of(record, index.files or [], settings):
            return False
        new_record = folder / "index.json.new"
        new_record.write_text(json.dumps(record | {"key": key}))
        new_record.replace(folder / "index.json")
        folder.rename(entry)
    except (OSError, ValueError, KeyError, TypeError):
        return False  # no such entry, or a damaged one: the images are decoded again
    return True


def _is_of(folder: Path, record: dict[str, Any], key: str, files: list[str]) -> bool:
    """Return whether an entry was built from these very files."""
    if record["key"] != key or record["root"] != common_folder(files):
        return False
    built = (folder / "images.npy").stat().st_mtime_ns
    return all(Path(file).stat().st_ctime_ns <= built for file in files)


def _has_pixels_of(record: dict[str, Any], files: list[str], settings: DecodeSettings) -> bool:
    """Return whether some of the files decode to the pixels whose hashes are recorded."""
    known = record["hashes"]
    rows = np.unique(np.linspace(0, len(files) - 1, NUM_DECODED).astype(int)).tolist()
    differing = [row for row in rows if record["kinds"][row]]

    def take(done: Done) -> None:
        if done.hashes == [known[rows[done.first]]]:
            differing.remove(rows[done.first])

    with tempfile.TemporaryDirectory() as folder:
        array = str(Path(folder) / "images.npy")
        shape = (len(rows), settings.size, settings.size, settings.channels)
        np.lib.format.open_memmap(array, mode="w+", dtype=np.uint8, shape=shape).flush()
        jobs = [
            Job(array, at, [str(Path(files[row]).absolute())], settings)
            for at, row in enumerate(rows)
            if row in differing
        ]
        run_jobs(jobs, take, 1)
    return not differing
