"""The cache: keyed by content, resumed after an interruption, published atomically."""

import errno
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.cache import build as cache_build
from medtui.datasets.cache.administration import clear_entries, list_entries
from medtui.datasets.dataset import open_dataset
from medtui.datasets.files import pixels as file_pixels
from medtui.datasets.progress import Progress
from medtui.datasets.resolve import open_source
from medtui.errors import EnvironmentProblem
from medtui.preset import DataSettings
from tests.helpers.drawn_images import draw
from tests.helpers.waiting import wait_until


class Counter:
    """Counts decoded images."""

    def __init__(self) -> None:
        self.started_at: int | None = None
        self.done = 0

    def __call__(self, progress: Progress) -> None:
        """Note where decoding began and how far it came."""
        if progress.stage == "decode":
            self.started_at = progress.done if self.started_at is None else self.started_at
            self.done = progress.done


def cancel_after_48(progress: Progress) -> None:
    """Cancel a build after 48 images."""
    if progress.done >= 48:
        raise KeyboardInterrupt


@pytest.fixture
def small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use small jobs, so that a build of 120 images has many."""
    monkeypatch.setattr(file_pixels, "JOB_IMAGES", 8)


def test_the_second_start_decodes_nothing(settings: DataSettings) -> None:
    """The cache returns the same data set without decoding."""
    first, counter = open_dataset(settings), Counter()
    second = open_dataset(settings, progress=counter)
    assert counter.started_at is None
    assert second.digest == first.digest
    np.testing.assert_array_equal(second.train.images_NHWC, first.train.images_NHWC)


@pytest.mark.usefixtures("small_jobs")
def test_a_cancelled_build_goes_on_where_it_was(settings: DataSettings) -> None:
    """Images decoded before the cancellation are not decoded again; the result is the same."""
    with pytest.raises(KeyboardInterrupt):
        open_dataset(settings, progress=cancel_after_48)
    (entry,) = list_entries()
    assert entry.num_images is None
    counter = Counter()
    resumed = open_dataset(settings, progress=counter)
    assert counter.started_at is not None
    assert counter.started_at >= 48
    clear_entries(list_entries())
    assert open_dataset(settings).digest == resumed.digest


def test_a_killed_build_goes_on_where_it_was(settings: DataSettings) -> None:
    """Kill -9 loses only jobs in progress; finished jobs are not repeated."""
    script = f"""
import os, signal, sys
from medtui.datasets.files import pixels as file_pixels
from medtui.datasets.dataset import open_dataset
from medtui.preset import DataSettings
file_pixels.JOB_IMAGES = 8
def report(progress):
    if progress.done >= 40:
        os.kill(os.getpid(), signal.SIGKILL)
open_dataset(DataSettings(card={settings.card!r}, root={settings.root!r}), progress=report)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    counter = Counter()
    dataset = open_dataset(settings, progress=counter)
    assert counter.started_at is not None
    assert counter.started_at >= 40
    assert sum(len(split) for split in dataset.splits) == 120


@pytest.mark.usefixtures("small_jobs")
def test_rows_lost_in_a_power_cut_are_decoded_again(settings: DataSettings) -> None:
    """Logged rows count only if the array has them; a torn last line is truncated."""
    whole = open_dataset(settings)
    clear_entries(list_entries())

    with pytest.raises(KeyboardInterrupt):
        open_dataset(settings, progress=cancel_after_48)
    (entry,) = list_entries()
    np.load(entry.path / "images.npy", mmap_mode="r+")[:] = 7
    with (entry.path / "done.jsonl").open("ab") as log:
        log.write(b'{"first": 96, "su')
    counter = Counter()
    assert open_dataset(settings, progress=counter).digest == whole.digest
    assert counter.started_at == 0


def test_two_starts_at_once_decode_once(settings: DataSettings) -> None:
    """The second process waits for the first and uses its entry."""
    counters, digests = [Counter(), Counter()], list[str]()

    def start(counter: Counter) -> None:
        digests.append(open_dataset(settings, progress=counter).digest)

    threads = [threading.Thread(target=start, args=[counter]) for counter in counters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests)) == 1
    assert sorted(counter.done for counter in counters) == [0, 120]


def _touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def _redraw(path: Path) -> None:
    draw(path, seed=4321)


@pytest.mark.parametrize("change", [Path.unlink, _touch, _redraw])
def test_changed_files_are_decoded_anew(
    settings: DataSettings, cells: Path, change: Callable[[Path], None]
) -> None:
    """Removing, touching or rewriting a file creates a new entry."""
    open_dataset(settings)
    change(min((cells / "Uninfected").iterdir()))
    counter = Counter()
    open_dataset(settings, progress=counter)
    assert counter.started_at == 0
    assert len(list_entries()) == 2


def test_the_split_does_not_matter_to_the_cache(settings: DataSettings) -> None:
    """Another seed uses the same entry."""
    open_dataset(settings)
    counter = Counter()
    open_dataset(settings.model_copy(update={"seed": 5}), progress=counter)
    assert counter.started_at is None


def _write_variant(root: Path, seed: int) -> None:
    """Write uncompressed images under fixed names, of one length and with an archive's times."""
    for number in range(24):
        path = root / ("benign", "malignant")[number % 2] / f"{number:03d}.bmp"
        draw(path, seed + number)
        os.utime(path, ns=(315532800 * 10**9, 315532800 * 10**9))


def test_variants_of_a_set_have_entries_of_their_own(
    settings: DataSettings, tmp_path: Path
) -> None:
    """Other pixels under the same names, sizes and times are decoded, also through one link."""
    link, digests = tmp_path / "current", set()
    for number, name in enumerate(("raw", "stain_normalised")):
        _write_variant(tmp_path / name, 100 * number)
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / name)
        for root in (tmp_path / name, link):
            digests.add(open_dataset(settings.model_copy(update={"root": str(root)})).digest)
    assert len(digests) == 2
    empty = tmp_path / "empty"
    alone = open_dataset(settings.model_copy(update={"root": str(link)}), cache_dir=empty)
    assert alone.digest in digests


def test_a_file_replaced_with_its_times_is_decoded_again(
    settings: DataSettings, tmp_path: Path
) -> None:
    """A file that is overwritten keeps name, size and time, but not its change time."""
    root = tmp_path / "set"
    _write_variant(root, 0)
    moved = settings.model_copy(update={"root": str(root)})
    before = open_dataset(moved).digest
    _write_variant(root, 100)
    assert open_dataset(moved).digest != before


def _as_earlier_version(settings: DataSettings) -> None:
    """Store the only entry under the key that version 0.1.0 gave it."""
    source = open_source(settings)
    digest = hashlib.sha256(json.dumps([1, source.index.size, source.index.channels]).encode())
    for name, path in zip(source.index.names, source.index.files or [], strict=True):
        status = Path(path).stat()
        state = f"{status.st_size} {status.st_mtime_ns} {status.st_mode}"
        digest.update(f"{name}\0{state}\n".encode())
    key = digest.hexdigest()
    (entry,) = list_entries()
    record = json.loads((entry.path / "index.json").read_bytes()) | {"key": key}
    (entry.path / "index.json").write_text(json.dumps(record))
    entry.path.rename(entry.path.with_name(f"cells-16px-{key[:16]}"))


def test_an_entry_of_an_earlier_version_is_taken_over(settings: DataSettings) -> None:
    """Files that did not change are not decoded again because the key knows more of them."""
    before = open_dataset(settings)
    _as_earlier_version(settings)
    counter = Counter()
    assert open_dataset(settings, progress=counter).digest == before.digest
    assert counter.started_at is None
    assert len(list_entries()) == 1


@pytest.mark.parametrize("is_built_later", [False, True])
def test_an_earlier_entry_of_other_pixels_is_not_taken_over(
    settings: DataSettings, tmp_path: Path, *, is_built_later: bool
) -> None:
    """Neither by the change times nor by the pixels of some images may an entry be of others."""
    root = tmp_path / "set"
    _write_variant(root, 0)
    moved = settings.model_copy(update={"root": str(root)})
    before = open_dataset(moved).digest
    _write_variant(root, 100)
    _as_earlier_version(moved)
    if is_built_later:
        (entry,) = list_entries()
        os.utime(entry.path / "images.npy", (2**33, 2**33))
    assert open_dataset(moved).digest != before
    assert len(list_entries()) == 2


def test_a_damaged_entry_is_built_anew(settings: DataSettings) -> None:
    """An entry with a truncated array or index is built again."""
    before = open_dataset(settings)
    (entry,) = list_entries()
    for name in ("images.npy", "index.json"):
        os.truncate(entry.path / name, 100)
        assert open_dataset(settings).digest == before.digest


def test_a_full_disk_is_reported_before_starting(
    settings: DataSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the bytes needed and free; no build is started."""
    monkeypatch.setattr(cache_build, "_SPARE_BYTES", 1 << 60)
    with pytest.raises(EnvironmentProblem, match="120 decoded images need") as caught:
        open_dataset(settings)
    assert "MEDTUI_CACHE_DIR" in caught.value.hint
    assert not list_entries()


def test_a_cache_that_cannot_be_written_is_reported(settings: DataSettings, tmp_path: Path) -> None:
    """A file in place of the cache folder is exit code 3 with a hint."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(EnvironmentProblem, match="taken") as caught:
        open_dataset(settings, cache_dir=tmp_path / "taken")
    assert "MEDTUI_CACHE_DIR" in caught.value.hint


def test_entries_are_listed_and_cleared(settings: DataSettings, cells: Path) -> None:
    """Entries are listed with images, size and origin; clearing returns the bytes freed."""
    open_dataset(settings)
    (entry,) = list_entries()
    assert entry.name.startswith("cells-16px-")
    assert (entry.num_images, entry.is_busy) == (120, False)
    assert entry.root == str(cells)
    assert entry.num_bytes > 120 * 16 * 16 * 3
    assert clear_entries([entry]) == entry.num_bytes
    assert not list_entries()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, 0], ids=["none", "full", "void"])
def test_one_process_builds_an_entry_where_flock_does_not_work(
    settings: DataSettings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Another one waits, whether `flock` fails or accepts every lock; the data are the same."""

    def broken(*_: object) -> None:
        if number:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", broken)
    counters, waits, digests = [Counter(), Counter()], list[Progress](), list[str]()

    def build(counter: Counter) -> None:
        def note(progress: Progress) -> None:
            counter(progress)
            if progress.stage == "wait":
                waits.append(progress)
            elif progress.done and not waits and counter is counters[0]:
                second.start()
                wait_until(lambda: waits)

        digests.append(open_dataset(settings, progress=note).digest)

    second = threading.Thread(target=build, args=(counters[1],))
    build(counters[0])
    second.join()
    assert [counter.done for counter in counters] == [120, 0]
    assert len(set(digests)) == 1
    (entry,) = list_entries()
    assert not entry.is_busy
    assert clear_entries([entry])
    assert not [path for path in entry.path.parent.parent.rglob("*") if path.is_file()]
