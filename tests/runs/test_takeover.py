"""A writer that was superseded changes nothing, wherever it was suspended."""

import json
import subprocess
import sys
import threading

import msgspec
import pytest

from medtui.events import Noted, RunStarted
from medtui.monitor.run_feed import RunFeed
from medtui.runs.atomic_file import delete_partial, publish_text
from medtui.runs.completion import adopt_result, is_finished
from medtui.runs.log.reader import EventTail
from medtui.runs.log.record import DamagedLine, Record, decode_record, encode_record
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership import heartbeat, liveness, lock
from medtui.runs.ownership.claim import Superseded, make_claim, newest_generation
from medtui.runs.ownership.liveness import SilenceWatch
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.ownership.owner import this_process
from medtui.runs.ownership.stop_request import write_stop
from medtui.runs.result import read_result, write_result
from medtui.storage.owner_records import generations
from tests.helpers.event_logs import story
from tests.helpers.owners import claim_elsewhere
from tests.helpers.small_study import record_study, result_of

NUM_RACERS = 12

RACER = """
import fcntl, os, sys, time
from pathlib import Path
from medtui.errors import EnvironmentProblem
from medtui.runs.ownership.liveness import SilenceWatch
from medtui.runs.ownership.lock import FolderLock
if sys.argv[2] == "useless":
    def refuse(*_):
        raise OSError(38, "Function not implemented")
    fcntl.flock = refuse
print("ready", flush=True)
sys.stdin.readline()
try:
    FolderLock(Path(sys.argv[1])).acquire()
except EnvironmentProblem:
    print("refused", flush=True)
else:
    print("won", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def _no_waiting(monkeypatch):
    """Supersede an owner elsewhere without waiting for its heartbeat."""
    monkeypatch.setattr(lock, "SILENT_SECONDS", 0.0)


@pytest.mark.parametrize("flock", ["working", "useless"])
def test_one_of_many_racers_owns_the_folder(tmp_path, flock):
    """Started at one moment, one process wins and all others are refused."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path / "lock"), flock],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(NUM_RACERS)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    outcomes = [racer.stdout.readline() for racer in racers]
    for racer in racers:
        racer.communicate()
    assert sorted(outcomes) == ["refused\n"] * (NUM_RACERS - 1) + ["won\n"]
    assert generations(tmp_path) == [1]


def test_claims_that_start_from_an_outdated_generation_are_refused(tmp_path):
    """Only the next number can be claimed, even where earlier records are deleted."""
    owner = this_process()
    for after in (0, 1, 2):
        assert make_claim(tmp_path, owner, after=after, is_contested=False) is not None
    for after in (0, 1, 2):
        assert make_claim(tmp_path, owner, after=after, is_contested=False) is None
    assert generations(tmp_path) == [3]


def test_an_owner_that_was_awaited_already_is_not_awaited_again(tmp_path, monkeypatch):
    """A supervisor that waited for its study's owner waited for those of the runs, too."""
    lock_file = tmp_path / "lock"
    other = claim_elsewhere(tmp_path)
    watch = SilenceWatch([lock_file])
    assert not watch.silent_stamp(lock_file), "it was observed for a moment only"
    monkeypatch.setattr(liveness, "SILENT_SECONDS", 0.0)
    stamp = watch.silent_stamp(lock_file)
    assert stamp
    assert not watch.silent_stamp(tmp_path / "other")
    with FolderLock(lock_file, silent_stamp=stamp) as own:
        assert own.claim.is_contested
        with pytest.raises(Superseded):
            other.check()
    third = claim_elsewhere(tmp_path)
    watch = SilenceWatch([lock_file])
    third.beat()
    assert not watch.silent_stamp(lock_file), "it moved"


@pytest.mark.usefixtures("_no_waiting")
def test_a_superseded_writer_writes_no_line(tmp_path):
    """Its next event is refused; the history is the newer writer's alone."""
    path = tmp_path / "events.jsonl"
    late = claim_elsewhere(tmp_path)
    with EventWriter(path, claim=late) as stale:
        for event in story():
            stale.write(event)
        with (
            FolderLock(tmp_path / "lock") as own,
            EventWriter(path, claim=own.claim) as log,
        ):
            assert own.claim.is_contested
            log.write(RunStarted(2, "here", "cpu"))
            with pytest.raises(Superseded, match="taken over"):
                stale.write(Noted("late"))
            log.write(Noted("in time"))
    records = EventTail(path).read_all()
    assert [record.seq for record in records] == list(range(len(story()) + 2))
    assert [record.generation for record in records[-3:]] == [1, 2, 2]
    assert Noted("late") not in [record.event for record in records]


@pytest.mark.usefixtures("_no_waiting")
def test_a_line_that_was_on_its_way_during_the_takeover_is_lost(tmp_path):
    """Suspended between fence and write, the writer appends to a file without a name."""
    path = tmp_path / "events.jsonl"
    with EventWriter(path, claim=claim_elsewhere(tmp_path)) as stale:
        stale.write(RunStarted(1, "gpu1", "cpu"))
        with (
            FolderLock(tmp_path / "lock") as own,
            EventWriter(path, claim=own.claim) as log,
        ):
            stale._append(encode_record(Record(1, 1.0, Noted("late"), 1)))
            log.write(Noted("in time"))
    assert [record.event for record in EventTail(path).read_all()] == [
        RunStarted(1, "gpu1", "cpu"), Noted("in time"),
    ]  # fmt: skip


def test_readers_and_writers_drop_lines_of_an_older_generation(tmp_path):
    """A line that an older writer appended after the newer one's first does not count."""
    path = tmp_path / "events.jsonl"
    lines = [
        Record(0, 1.0, RunStarted(1, "a", "cpu"), 3),
        Record(1, 1.0, RunStarted(2, "b", "cpu"), 4),
        Record(1, 1.0, Noted("late"), 3),
        Record(2, 1.0, Noted("late, from an earlier version")),
        Record(2, 1.0, Noted("in time"), 4),
    ]
    path.write_bytes(b"".join(map(encode_record, lines)))
    tail = EventTail(path)
    assert [record.generation for record in tail.read_all()] == [3, 4, 4]
    assert tail.num_superseded == 2
    assert tail.num_damaged == 0
    with EventWriter(path) as log:
        log.write(Noted("resumed"))
    assert [record.seq for record in EventTail(path).read_all()] == [0, 1, 2, 3]


def test_a_changed_generation_is_damage(tmp_path):
    """A flipped digit drops one line, and not all lines after it."""
    line = encode_record(Record(5, 1.0, Noted("x"), 3))
    assert decode_record(line).generation == 3
    for other in (b'"generation":9', b'"generation":0', b'"former":3'):
        with pytest.raises(DamagedLine):
            decode_record(line.replace(b'"generation":3', other))


def test_lines_without_generation_are_those_of_earlier_versions():
    """The bytes of a log without owner are as before."""
    line = encode_record(Record(0, 1.0, Noted("x")))
    assert set(json.loads(line)) == {"seq", "time", "crc", "event"}
    assert decode_record(line).generation == 0


@pytest.mark.usefixtures("_no_waiting")
def test_a_reader_follows_the_log_through_a_takeover(tmp_path):
    """The copied log is read anew, since what was read before may not be in it."""
    path = tmp_path / "events.jsonl"
    with EventWriter(path, claim=claim_elsewhere(tmp_path)) as stale:
        stale.write(RunStarted(1, "gpu1", "cpu"))
        tail = EventTail(path)
        assert len(tail.poll()) == 1
        with (
            FolderLock(tmp_path / "lock") as own,
            EventWriter(path, claim=own.claim) as log,
        ):
            stale._append(encode_record(Record(1, 1.0, Noted("late"), 1)))
            for number in range(9):
                log.write(Noted(f"in time {number}"))
            records = tail.poll()
    assert tail.was_replaced
    assert [record.seq for record in records] == list(range(10))


@pytest.mark.usefixtures("_no_waiting")
def test_a_file_that_was_to_be_renamed_during_the_takeover_is_not(tmp_path):
    """Suspended between fence and rename, the writer finds its temporary file deleted."""
    path = tmp_path / "result.json"
    publish_text(path, "newer")
    own = FolderLock(tmp_path / "lock")

    def take_over_after_the_check() -> None:
        own.acquire()
        delete_partial(tmp_path)

    claim_elsewhere(tmp_path)
    with pytest.raises(FileNotFoundError):
        publish_text(path, "late", take_over_after_the_check)
    assert path.read_text() == "newer"
    own.release()


def test_a_superseded_writer_publishes_nothing(tmp_path):
    """The fence is asked after the temporary file is complete, which is then deleted."""
    late = claim_elsewhere(tmp_path)
    claim_elsewhere(tmp_path)
    with pytest.raises(Superseded):
        publish_text(tmp_path / "result.json", "late", late.check)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "owner-000002.json"]


def test_the_heartbeat_of_a_superseded_writer_changes_nothing(tmp_path):
    """Neither a beat nor signing off recreates its record, or touches the newer one."""
    late, newer = claim_elsewhere(tmp_path), claim_elsewhere(tmp_path)
    before = (tmp_path / "owner-000002.json").read_bytes()
    with pytest.raises(Superseded):
        late.beat()
    late.release()
    newer.check()
    assert generations(tmp_path) == [2]
    assert (tmp_path / "owner-000002.json").read_bytes() == before


def test_a_result_counts_only_from_the_newest_writer(tmp_path):
    """A superseded writer's result leaves the run unfinished; the newest one's finishes it."""
    study = record_study(tmp_path, "taken")
    run = study.run("quantize16")
    claim_elsewhere(run.path)
    claim_elsewhere(run.path)
    write_result(run, _stamped(result_of(run, 0.1), 1))
    feed = RunFeed(run)
    feed.refresh()
    assert feed.status == "running"
    assert feed.result is None
    assert read_result(run) is None
    assert not is_finished(run)
    write_result(run, _stamped(result_of(run, 0.1), 2))
    feed.refresh()
    assert feed.status == "finished"
    assert feed.result is not None
    assert is_finished(run)


def test_results_of_earlier_versions_count(tmp_path):
    """A result without generation is a result, also where this version has owned the run."""
    run = record_study(tmp_path, "former").reference
    assert newest_generation(run.path) == 0
    assert read_result(run).generation == 0
    assert is_finished(run)
    claim_elsewhere(run.path)
    assert is_finished(run)
    assert read_result(run) is not None


def test_a_new_owner_adopts_the_result_of_the_one_before(tmp_path):
    """A run that was finished while another worker waited for it stays finished."""
    run = record_study(tmp_path, "adopted").run("quantize16")
    claim_elsewhere(run.path)
    write_result(run, _stamped(result_of(run, 0.1), 1))
    before = json.loads(run.result.read_text())
    claim = claim_elsewhere(run.path)
    assert adopt_result(run, claim)
    after = json.loads(run.result.read_text())
    assert after | {"checksum": ""} == before | {"generation": 2, "checksum": ""}
    assert read_result(run).generation == 2
    assert is_finished(run)
    claim_elsewhere(run.path)
    assert not adopt_result(run, claim_elsewhere(run.path))
    assert not run.result.exists()


def _stamped(result, generation: int):
    return msgspec.structs.replace(result, generation=generation)


def test_a_request_to_stop_is_delivered_once(tmp_path, monkeypatch):
    """The heartbeat finds it; one to another generation is ignored, a second one is not."""
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.005)
    write_stop(tmp_path, 1, "x")
    with FolderLock(tmp_path / "lock") as own:
        reasons: list[str] = []
        arrived = threading.Semaphore(0)

        def note(reason: str) -> None:
            reasons.append(reason)
            arrived.release()

        assert not (tmp_path / "stop.json").exists(), "an outdated request is deleted"
        write_stop(tmp_path, 7, "x")
        write_stop(tmp_path, own.claim.generation, "x")
        own.heartbeat.on_stop = note
        assert arrived.acquire(timeout=60)
        write_stop(tmp_path, own.claim.generation, "x")
        assert arrived.acquire(timeout=60)
    assert len(reasons) == 2
    assert reasons[0].startswith("requested by ")


def test_a_superseded_owner_is_told_by_its_heartbeat(tmp_path, monkeypatch):
    """A worker in a long step leaves it; the record of its successor is untouched."""
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.005)
    told = threading.Event()
    with FolderLock(tmp_path / "lock") as own:
        own.heartbeat.on_superseded = lambda _: told.set()
        successor = claim_elsewhere(tmp_path)
        assert told.wait(60)
        with pytest.raises(Superseded):
            own.claim.check()
    successor.check()
