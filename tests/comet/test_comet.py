"""Comet's follower with the real comet_ml, offline: the contents of archives, and failures.

These tests import no comet_ml: it would replace this process's `sys.excepthook`.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from medtui.comet.dispatch import archive_run, upload_run
from medtui.jobs.tracker import TrackerProcess, start_trackers
from medtui.preset import TrackSettings, parse_preset
from medtui.preset.toml import DocumentError
from medtui.preset.tracking import TrackMode
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership.liveness import holder_of, is_held
from medtui.runs.ownership.lock import FolderLock
from medtui.tracking.state import archive_of, log_path, read_state
from tests.helpers.comet_archive import (
    KEY,
    PRESET,
    points_expected,
    points_in,
    story,
    write_samples,
)
from tests.helpers.paths import RECORDED
from tests.helpers.waiting import wait_until


def write_story(run: RunFolder) -> list:
    """Write the whole log."""
    events = story()
    with EventWriter(run.events) as log:
        for event in events:
            log.write(event)
    return events


def follow(run: RunFolder, mode: TrackMode) -> TrackerProcess:
    """Start Comet's follower as the supervisor does."""
    (process,) = start_trackers(run, TrackSettings(comet=mode))
    return process


def archive(run: RunFolder) -> Path:
    """Return the archive, which must exist."""
    found = archive_of(run.comet)
    assert found is not None, log_path(run.comet).read_text()
    return found


def texts_in(folder: Path) -> bytes:
    """Return the bytes of all files, and of those in archives."""
    found = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    for path in folder.glob("*.zip"):
        with zipfile.ZipFile(path) as opened:
            found += b"".join(opened.read(name) for name in opened.namelist())
    return found


def test_an_archive_holds_every_number_of_a_run_once(run):
    """Cycles, steps and telemetry match the log bit for bit; None is absent."""
    events = write_story(run)
    samples = write_samples(run.telemetry, 4)
    made = archive_run(run)
    assert points_in(made) == points_expected(events, samples)
    state = read_state(run.comet)
    assert state is not None
    assert (state.num_records, state.num_samples, state.num_failed) == (len(events), 4, 0)
    with zipfile.ZipFile(made) as opened:
        messages = opened.read("messages.json").decode()
    for text in ("cells/prune-0.1", '"compress.schemes"', '"lc.mu_init"', "preset.toml"):
        assert text in messages
    assert archive_run(run) == made, "a complete archive is not made twice"


def test_a_finished_run_sends_its_figures(tmp_path):
    """Accuracy, memory, utilisation and classes of a recorded run are images in its archive."""
    study = StudyFolder(shutil.copytree(RECORDED / "cells", tmp_path / "runs" / "cells"))
    with zipfile.ZipFile(archive_run(study.run("prune-0.1"))) as opened:
        sizes = {each.filename: each.file_size for each in opened.infolist()}
        messages = opened.read("messages.json").decode()
    for name in ("accuracy", "memory", "utilisation", "classes"):
        assert f'"{name}"' in messages
        assert (study.run("prune-0.1").comet / "figures" / f"{name}.png").stat().st_size > 5_000
    assert sum(size > 5_000 for size in sizes.values()) >= 4


def test_a_live_run_is_followed_to_its_end(run):
    """The follower reads while the run writes; SIGTERM makes it write the archive."""
    events = story()
    lock = FolderLock(run.lock)
    lock.acquire()
    with EventWriter(run.events) as log:
        for event in events[:6]:
            log.write(event)
        follower = follow(run, "offline")
        wait_until(lambda: read_state(run.comet) is not None)
        assert archive_of(run.comet) is None
        assert is_held(run.comet / "lock"), "no second follower writes here"
        samples = write_samples(run.telemetry, 2)
        for event in events[6:]:
            log.write(event)
    follower.release()
    follower.wait(240)
    lock.release()
    assert points_in(archive(run)) == points_expected(events, samples)


def test_a_killed_follower_leaves_the_run_intact(run):
    """A follower that is killed leaves no archive; one is made from the log later."""
    events = write_story(run)
    lock = FolderLock(run.lock)
    lock.acquire()
    follower = follow(run, "offline")
    wait_until(lambda: read_state(run.comet) is not None)
    holder = holder_of(run.comet / "lock")
    assert holder is not None
    os.kill(holder.pid, 9)
    follower.release()
    follower.wait(240)
    lock.release()
    assert archive_of(run.comet) is None
    assert points_in(archive_run(run)) == points_expected(events, [])


@pytest.mark.slow
def test_a_resumed_run_gets_a_new_archive(run):
    """A resumed run's archive holds all of it and replaces the earlier one."""
    events = story()
    with EventWriter(run.events) as log:
        for event in events[:7]:
            log.write(event)
    first = archive_run(run)
    with EventWriter(run.events) as log:
        for event in events[7:]:
            log.write(event)
    second = archive_run(run)
    assert points_in(second) == points_expected(events, [])
    assert list(run.comet.glob("*.zip")) == [second]
    assert first != second


@pytest.mark.slow
def test_the_follower_ends_when_nothing_is_running(run):
    """No follower outlives a supervisor that was killed."""
    write_story(run)
    follower = follow(run, "offline")
    follower.wait(240)
    assert archive(run)


@pytest.mark.parametrize("has_key", [pytest.param(False, marks=pytest.mark.slow), True])
def test_online_falls_back_to_offline_with_a_message(run, monkeypatch, closed_port, has_key):
    """Without a key or a network, the run is recorded offline, with the reason and no key shown."""
    write_story(run)
    if has_key:
        monkeypatch.setenv("COMET_API_KEY", KEY)
        monkeypatch.setenv("COMET_URL_OVERRIDE", f"http://127.0.0.1:{closed_port}/clientlib/")
    follower = follow(run, "online")
    follower.wait(240)
    state = read_state(run.comet)
    assert state is not None
    assert state.mode == "offline"
    assert ("does not answer" if has_key else "no API key") in state.note
    assert f"recorded offline: {state.note}" in log_path(run.comet).read_text()
    assert archive(run)
    assert KEY.encode() not in texts_in(run.comet)


def test_nothing_is_sent_without_a_key(run):
    """The archive is made; the upload reports the missing key."""
    write_story(run)
    command = [sys.executable, "-m", "medtui", "comet", "upload", "cells/prune-0.1"]
    done = subprocess.run(
        [*command, "--runs-dir", str(run.study.path.parent)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "no API key was found; set COMET_API_KEY" in done.stderr
    assert archive(run)


def test_a_running_run_is_not_uploaded(run):
    """Its archive would be incomplete."""
    write_story(run)
    lock = FolderLock(run.lock)
    lock.acquire()
    with pytest.raises(Exception, match="still running"):
        upload_run(run)
    lock.release()


@pytest.mark.parametrize("line", [f'api_key = "{KEY}"', f'comet_key = "{KEY}"'])
def test_a_key_in_a_preset_is_refused_and_not_shown(line):
    """The message leaves out even its line, however the key is written."""
    inline = f'track = {{ {line} }}\nname = "x"\n[data]\ncard = "demo"\n'
    for text in (PRESET.replace("[track]", f"[track]\n{line}"), inline, f"track.{line}\n{PRESET}"):
        with pytest.raises(DocumentError) as raised:
            parse_preset(text, "mine.toml")
        assert "COMET_API_KEY" in str(raised.value) or "track" in str(raised.value)
        assert KEY not in str(raised.value)
