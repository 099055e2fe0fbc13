"""Decoder processes may crash; all other images are still decoded."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtui.datasets.decoding import child, pool
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.settings import DecodeSettings

GREY = DecodeSettings(size=8, channels=1)

KILLER = """
import os, signal, sys
from medtui.datasets.decoding import child
decode = child.decode_file
def decode_or_die(path, settings):
    if "killer" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "exit" in path.name:
        os._exit(3)
    return decode(path, settings)
child.decode_file = decode_or_die
child.main()
"""


def decode_all(folder: Path, names: list[str], count: int = 2) -> tuple[np.ndarray, dict[int, str]]:
    """Decode `names` in jobs of four; return the array and the bad rows."""
    for name in names:
        if not (folder / name).exists():
            Image.new("L", (8, 8), 1 + len(name) % 200).save(folder / name)
    array = folder / "images.npy"
    shape = (len(names), 8, 8, 1)
    np.lib.format.open_memmap(array, mode="w+", dtype=np.uint8, shape=shape).flush()
    jobs = [
        Job(str(array), first, [str(folder / name) for name in names[first : first + 4]], GREY)
        for first in range(0, len(names), 4)
    ]
    bad: dict[int, str] = {}
    seen: list[int] = []

    def take(done: Done) -> None:
        bad.update(done.bad)
        seen.extend(range(done.first, done.first + max(len(done.hashes), 1)))

    pool.run_jobs(jobs, take, count)
    assert sorted(seen) == list(range(len(names)))
    return np.load(array), bad


def test_an_image_that_kills_its_decoder_is_listed_and_the_rest_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash costs one image only: not its job, the pool or the caller."""
    _with_child(monkeypatch, KILLER)
    names = [f"cell_{number}.png" for number in range(10)]
    names[3], names[8] = "killer.png", "exit.png"
    images, bad = decode_all(tmp_path, names)
    assert bad == {3: "decoder killed by signal 11", 8: "decoder exited with status 3"}
    assert all(images[row].any() for row in range(10) if row not in bad)


def test_a_child_that_hangs_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that does not return is killed after the timeout."""
    _with_child(
        monkeypatch, KILLER.replace("os.kill(os.getpid(), signal.SIGSEGV)", "signal.pause()")
    )
    monkeypatch.setattr(pool, "_SECONDS_FOR_A_JOB", 2.0)
    _, bad = decode_all(tmp_path, ["a.png", "killer.png"], count=1)
    assert bad == {1: "decoding timed out"}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_children_gives_the_same_array(tmp_path: Path, count: int) -> None:
    """The array does not depend on which child decodes which row."""
    images, bad = decode_all(tmp_path, [f"{'x' * number}.png" for number in range(1, 12)], count)
    assert not bad
    assert images[:, 0, 0, 0].tolist() == [1 + (number + 4) for number in range(1, 12)]


def test_children_end_when_the_caller_stops(tmp_path: Path) -> None:
    """An exception in the caller leaves no child process behind."""
    started: list[int] = []
    original = pool.Child.__init__

    def note(self: pool.Child) -> None:
        original(self)
        started.append(self._process.pid)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool.Child, "__init__", note)
        Image.new("L", (8, 8)).save(tmp_path / "a.png")
        array = tmp_path / "images.npy"
        np.lib.format.open_memmap(array, mode="w+", dtype=np.uint8, shape=(64, 8, 8, 1)).flush()
        jobs = [Job(str(array), row, [str(tmp_path / "a.png")], GREY) for row in range(64)]

        def cancel(done: Done) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            pool.run_jobs(jobs, cancel, 2)
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_a_child_ends_quietly_while_a_job_is_handed_over() -> None:
    """Cancelling during the write of a job raises the caller's error, not a broken pipe."""
    worker = pool.Child()
    stdin = worker._process.stdin
    assert stdin is not None
    stdin.write(b"half of a job")
    worker.kill()
    assert stdin.closed


def test_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child limits its memory, so that no image fills the machine's memory."""
    limits: list[object] = []
    monkeypatch.setattr(child.resource, "setrlimit", lambda *given: limits.append(given))
    child._limit_memory(100)
    limit = child.MEMORY_LIMIT_BYTES + 100
    highest = child.resource.getrlimit(child.resource.RLIMIT_AS)[1]
    assert limits == [(child.resource.RLIMIT_AS, (limit, highest))]


def _with_child(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    popen = pool.subprocess.Popen

    def start(command: list[str], **options: object) -> object:
        return popen([command[0], "-c", source], **options)

    monkeypatch.setattr(pool.subprocess, "Popen", start)
