"""Stored files are opened without waiting, and read up to what their kind can hold."""

import os
import re
import tracemalloc
from pathlib import Path

import pytest

import medtui
from medtui.events import Noted
from medtui.runs.log.reader import CHUNK_BYTES, EventTail
from medtui.runs.log.writer import EventWriter
from medtui.storage import (
    DamagedFile,
    MissingFile,
    UnreadableFile,
    digest_of,
    digest_of_file,
    open_log,
    open_regular,
    read_bytes,
    read_tail,
    require_digest,
)
from tests.helpers.damaged_files import HUGE_BYTES
from tests.helpers.event_logs import story, write_log


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "a named pipe"),
        (Path.mkdir, "a folder"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.symlink_to("/proc/self/environ"), "no stored file"),
    ],
)
def test_what_is_no_regular_file_is_refused(tmp_path, make, reason):
    """At once, and with the path."""
    path = tmp_path / "result.json"
    make(path)
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read_bytes(path, 100)
    assert caught.value.path == path
    assert str(path) in caught.value.message


def test_a_link_to_a_file_is_followed(tmp_path):
    """Models may lie on another disk."""
    (tmp_path / "elsewhere").write_bytes(b"content")
    (tmp_path / "model").symlink_to("elsewhere")
    assert read_bytes(tmp_path / "model", 100) == b"content"


def test_a_missing_file_has_a_type_of_its_own(tmp_path):
    """Many files are optional."""
    with pytest.raises(MissingFile):
        read_bytes(tmp_path / "none", 100)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    """Its length is compared before memory is taken."""
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, HUGE_BYTES)
    tracemalloc.start()
    with pytest.raises(UnreadableFile, match="1 TiB, more than 100 B"):
        read_bytes(path, 100)
    with pytest.raises(DamagedFile, match="in place of 4"):
        require_digest(path, digest_of(b"four"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1024**2


def test_the_end_of_a_long_log_is_read(tmp_path):
    """Also where it is longer than the memory."""
    path = tmp_path / "worker.log"
    path.touch()
    os.truncate(path, HUGE_BYTES)
    with path.open("ab") as file:
        file.write(b"the end")
    assert read_tail(path, 7) == b"the end"


def test_a_digest_covers_the_written_part_of_a_growing_log(tmp_path):
    """Lines may be added; the ones before may not change."""
    path = tmp_path / "telemetry.jsonl"
    path.write_bytes(b"one\n")
    before = digest_of_file(path)
    path.write_bytes(b"one\ntwo\n")
    require_digest(path, before, is_growing=True)
    with pytest.raises(DamagedFile):
        require_digest(path, before)
    path.write_bytes(b"One\ntwo\n")
    with pytest.raises(DamagedFile, match="does not match"):
        require_digest(path, before, is_growing=True)


def test_a_line_without_end_in_a_log_is_skipped_in_pieces(tmp_path):
    """Records behind it are read, in bounded memory; a writer cuts off one that has no end yet."""
    path = tmp_path / "events.jsonl"
    write_log(path, story())
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(bytes(5 * CHUNK_BYTES) + b"\n")
        file.write(whole)
    tail = EventTail(path)
    tracemalloc.start()
    records = tail.read_all()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(records) == 2 * len(story())
    assert tail.num_damaged == 1
    assert "1 damaged line" in tail.problem
    assert peak < 4 * CHUNK_BYTES
    path.write_bytes(whole + bytes(3 * CHUNK_BYTES))
    assert len(EventTail(path).read_all()) == len(story())
    with EventWriter(path):
        pass
    assert path.read_bytes() == whole


@pytest.mark.parametrize("share", [0.5, 1.0, 1.5, 2.0, 2.5])
def test_a_log_of_any_length_is_read_to_its_end(tmp_path, share):
    """A writer that continues it truncates nothing that was written."""
    path = tmp_path / "events.jsonl"
    count = int(share * CHUNK_BYTES / 10_000)
    with EventWriter(path) as log:
        for _ in range(count):
            log.write(Noted("x" * 10_000))
    size = path.stat().st_size
    assert len(EventTail(path).read_all()) == count
    with EventWriter(path) as log:
        assert log.history.num_records == count
    assert path.stat().st_size == size


def test_a_log_that_cannot_be_read_is_not_truncated(tmp_path):
    """A writer refuses to begin; a pipe does not block it."""
    path = tmp_path / "events.jsonl"
    os.mkfifo(path)
    with pytest.raises(UnreadableFile, match="a named pipe"):
        EventWriter(path)
    path.unlink()
    path.touch()
    os.truncate(path, HUGE_BYTES)
    with pytest.raises(UnreadableFile):
        EventWriter(path)
    assert path.stat().st_size == HUGE_BYTES


def test_opening_checks_the_file_that_was_opened(tmp_path):
    """Not only the one that stood there before."""
    with pytest.raises(OSError, match="a folder"):
        open_regular(tmp_path)


def test_a_log_is_appended_to_and_a_pipe_is_refused(tmp_path):
    """A pipe that nobody reads would block the writer."""
    path = tmp_path / "worker.log"
    for text in (b"one\n", b"two\n"):
        with open_log(path) as log:
            log.write(text)
    assert path.read_bytes() == b"one\ntwo\n"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="a named pipe"):
        open_log(path)


READERS = (
    "analysis", "charts", "cli", "comet", "doctor", "evidence", "inference", "jobs", "mlflow",
    "monitor", "preset", "reporting", "runs", "search", "sharing", "telemetry", "tensorboard",
    "tracking", "tui",
)  # fmt: skip
"""Packages that read study and run folders, and other files that come from anyone."""

OF_THE_SYSTEM = {
    "doctor/locks.py",
    "doctor/login.py",
    "jobs/schedulers/local.py",
    "runs/ownership/owner.py",
    "runs/ownership/signalling.py",
    "telemetry/process_stat.py",
    "telemetry/process_tree.py",
}
"""Modules that read files of the kernel and of systemd."""

OWN = {
    "cli/report.py",  # the report that was just written
    "evidence/card/digests.py",  # the modules of the package
    "reporting/html.py",  # the style sheet of the package
    "sharing/shadow.py",  # the report of copies
    "sharing/sweep.py",  # the pack that was just written
}
"""Modules that read what their own process has written, or what belongs to the package."""


def test_every_reader_of_stored_files_goes_through_this_package():
    """A file that is opened in another way could block, fill the memory or raise anything."""
    package = Path(medtui.__file__).parent
    raw = re.compile(
        r"\.read_bytes\(|\.read_text\(|\.open\(\"r?b?\"|\bnp\.load\(|load_file\("
        r"|ZipFile\(path|Image\.open\(path|\bparser\.read\("
    )
    found = {
        str(path.relative_to(package))
        for folder in READERS
        for path in (package / folder).rglob("*.py")
        if raw.search(path.read_text(encoding="utf-8"))
    }
    assert found == OF_THE_SYSTEM | OWN
