"""Run folders: safe names, locks, derived states."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.errors import EnvironmentProblem
from medtui.events import RunFailed, RunStarted, RunStopped
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_catalogue import StudyCatalogue
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import RunFolder
from medtui.runs.ownership.liveness import holder_of
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.result import read_result
from medtui.runs.runs_dir import create_study
from medtui.runs.slug import slugify
from tests.helpers.event_logs import story, write_log
from tests.helpers.full_disk import raise_no_space

PRESET = 'name = "x"\n[data]\ncard = "demo"\n'


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/x", "a/b", ".", "..", "", "\0", "a\nb", "-rf", "x" * 300, "🦠", "[red]x[/]",
     "\x1b[31m", "CON ", "é" * 3, "  "],
)  # fmt: skip
def test_any_name_becomes_one_component_inside_the_runs_folder(tmp_path, name):
    """No name leads outside the runs folder."""
    study = create_study(tmp_path, name)
    assert study.path.parent == tmp_path
    assert study.path.resolve().is_relative_to(tmp_path)
    assert slugify(name) == slugify(slugify(name))


def test_a_taken_name_is_numbered(tmp_path):
    """Starting a preset twice creates two studies."""
    names = [create_study(tmp_path, "Demo").name for _ in range(3)]
    assert names == ["demo", "demo-2", "demo-3"]


def test_only_one_process_holds_a_lock(tmp_path):
    """A second writer is refused with the holder's name; the lock ends with its holder."""
    lock = FolderLock(tmp_path / "lock")
    lock.acquire()
    code = (
        "import sys; from pathlib import Path; from medtui.runs.ownership.lock import FolderLock;"
        "FolderLock(Path(sys.argv[1])).acquire()"
    )
    refused = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "lock")], capture_output=True, check=False
    )
    assert refused.returncode != 0
    assert str(os.getpid()).encode() in refused.stderr
    assert holder_of(tmp_path / "lock").pid == os.getpid()
    lock.release()
    assert holder_of(tmp_path / "lock") is None
    lock.acquire()


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    """A file that cannot be written completely is left unchanged."""
    path = tmp_path / "result.json"
    publish_text(path, "old")

    monkeypatch.setattr(os, "fsync", raise_no_space)
    with pytest.raises(OSError, match="The disk is full"):
        publish_text(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["result.json"]


def make_run(study: Path, name: str) -> RunFolder:
    """Return a planned run."""
    run = RunFolder(study / name)
    run.path.mkdir(parents=True)
    run.preset.write_text(PRESET)
    return run


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "queued"),
        ([RunStarted(1, "h", "cpu")], "crashed"),
        ([RunStarted(1, "h", "cpu"), RunStopped("asked to")], "stopped"),
        ([RunStarted(1, "h", "cpu"), RunFailed("no")], "failed"),
        ([RunStarted(1, "h", "cpu"), RunStopped("x"), RunStarted(2, "h", "cpu")], "crashed"),
    ],
)
def test_a_state_is_derived_from_the_folder(tmp_path, events, status):
    """States follow from the log and the lock; none is stored."""
    run = make_run(tmp_path, "prune-0.1")
    write_log(run.events, events)
    feed = RunFeed(run)
    feed.refresh()
    assert feed.status == status
    lock = FolderLock(run.lock)
    lock.acquire()
    feed.refresh()
    assert feed.status == "running"
    lock.release()
    feed.refresh()
    assert feed.status == status


def test_a_catalogue_follows_what_appears_and_vanishes(tmp_path):
    """Studies are added and removed; a damaged preset is reported, the list remains."""
    study = create_study(tmp_path, "one")
    study.preset.write_text(PRESET)
    run = make_run(study.path, "prune-0.1")
    catalogue = StudyCatalogue(tmp_path)

    def read() -> dict[str, RunSummary]:
        catalogue.scan(is_whole=True)
        catalogue.advance()
        return {run.key: run for study in catalogue.summaries() for run in study.runs}

    assert read()["one/prune-0.1"].status == "queued"
    write_log(run.events, story())
    assert read()["one/prune-0.1"].status == "crashed"
    broken = create_study(tmp_path, "broken")
    broken.preset.write_bytes(b"\xff\xff")
    read()
    assert {study.name: bool(study.problem) for study in catalogue.summaries()} == {
        "broken": True, "one": False,
    }  # fmt: skip
    run.preset.unlink()
    assert "preset.toml cannot be read" in read()["one/prune-0.1"].problem
    run.events.unlink()
    assert read() == {}


def test_a_damaged_result_is_named(tmp_path):
    """An unreadable result of a finished run is reported; nothing is raised."""
    run = make_run(tmp_path, "prune-0.1")
    run.result.write_text("{")
    feed = RunFeed(run)
    feed.refresh()
    assert feed.status == "finished"
    assert "damaged" in feed.problem
    with pytest.raises(EnvironmentProblem):
        read_result(run)
