"""The event log: one writer, any reader, intact after crashes."""

import random

import pytest

from medtui.events import CycleEnded, Noted, RunStarted, StageStarted
from medtui.runs.log.history import History
from medtui.runs.log.reader import EventTail
from medtui.runs.log.record import DamagedLine, Record, UnknownKind, decode_record, encode_record
from medtui.runs.log.writer import EventWriter
from tests.helpers.event_logs import story, write_log


def fold(records: list[Record]) -> History:
    """Return the history of records."""
    history = History()
    for record in records:
        history.add(record)
    return history


def test_a_log_reads_back_what_was_written(tmp_path):
    """Events are read in order; numbers that are not finite are None."""
    write_log(tmp_path / "events.jsonl", story())
    records = EventTail(tmp_path / "events.jsonl").read_all()
    assert [record.seq for record in records] == list(range(len(story())))
    assert [type(record.event) for record in records] == [type(event) for event in story()]
    cycle = next(record.event for record in records if isinstance(record.event, CycleEnded))
    assert cycle.val["auroc"] is None
    assert cycle.val["accuracy"] == 0.8


def test_history_folded_one_by_one_equals_folded_whole(tmp_path):
    """A live view, read in arbitrary chunks, equals a saved one."""
    path = tmp_path / "events.jsonl"
    write_log(path, story(12))
    whole = path.read_bytes()
    rng = random.Random(0)
    grown, live, tail = tmp_path / "grown.jsonl", History(), EventTail(tmp_path / "grown.jsonl")
    cut = 0
    while cut < len(whole):
        cut = min(len(whole), cut + rng.randrange(1, 90))
        grown.write_bytes(whole[:cut])
        for record in tail.poll():
            live.add(record)
    assert live == fold(EventTail(path).read_all())


@pytest.mark.parametrize("kept", [1, 7, 30])
def test_a_torn_last_line_is_not_read_yet(tmp_path, kept):
    """A reader waits for the rest of a line and reads it once."""
    path = tmp_path / "events.jsonl"
    line = encode_record(Record(0, 1.0, Noted("first")))
    path.write_bytes(line + line[:kept])
    tail = EventTail(path)
    assert len(tail.poll()) == 1
    assert tail.poll() == []
    path.write_bytes(line + encode_record(Record(1, 2.0, Noted("second"))))
    assert [record.event for record in tail.poll()] == [Noted("second")]
    assert tail.num_damaged == 0


def test_a_writer_cuts_a_torn_line_off_before_it_appends(tmp_path):
    """The next session's first line is not joined to a torn line."""
    path = tmp_path / "events.jsonl"
    write_log(path, [Noted("first")])
    path.write_bytes(path.read_bytes() + b'{"seq":1,"time":2.0,"cr')
    write_log(path, [Noted("second")])
    tail = EventTail(path)
    assert [record.seq for record in tail.read_all()] == [0, 1]
    assert tail.num_damaged == 0


def test_damage_and_unknown_kinds_are_skipped_and_counted(tmp_path):
    """A flipped bit, garbage and an unknown event affect only their own lines."""
    path = tmp_path / "events.jsonl"
    good = encode_record(Record(0, 1.0, Noted("good")))
    flipped = good.replace(b"good", b"gold")
    newer = encode_record(Record(1, 1.0, Noted("x"))).replace(b"Noted", b"Dreamt")
    path.write_bytes(good + flipped + b"\xff\xfe garbage\n" + b"[]\n" + newer + good)
    tail = EventTail(path)
    assert len(tail.poll()) == 2
    assert tail.num_damaged == 4
    with pytest.raises(DamagedLine):
        decode_record(flipped)


def test_an_unknown_kind_is_not_damage():
    """An intact line of a newer version is not counted as damaged."""
    import zlib

    event = b'{"kind":"Dreamt","text":"x"}'
    line = b'{"seq":3,"time":1.0,"crc":"%08x","event":%s}\n' % (zlib.crc32(event, 3), event)
    with pytest.raises(UnknownKind):
        decode_record(line)


def test_a_log_that_shrank_is_read_anew(tmp_path):
    """A replaced file is read again, and the reader reports it."""
    path = tmp_path / "events.jsonl"
    write_log(path, story())
    tail = EventTail(path)
    tail.poll()
    path.unlink()
    write_log(path, [Noted("anew")])
    assert [record.event for record in tail.poll()] == [Noted("anew")]
    assert tail.was_replaced


def test_a_repeated_cycle_is_written_once(tmp_path):
    """A session that repeats a cycle after a crash writes no event twice."""
    path = tmp_path / "events.jsonl"
    write_log(path, [RunStarted(1, "here", "cpu"), StageStarted("compress", 9, 5)])
    told = CycleEnded(3, val={"loss": 0.1234567890123, "auroc": float("nan")}, seconds=2.0)
    with EventWriter(path) as log:
        log.write(told)
    with EventWriter(path) as log:
        log.write(RunStarted(2, "here", "cpu", resumed_at=2))
        log.write(StageStarted("compress", 9, 5))
        log.write(CycleEnded(3, val=dict(told.val), seconds=7.0))
        log.write(CycleEnded(4, val={"loss": 0.1}))
    records = EventTail(path).read_all()
    assert [record.event.cycle for record in records if isinstance(record.event, CycleEnded)] == [
        3, 4,
    ]  # fmt: skip
    assert [record.seq for record in records] == list(range(len(records)))


def test_history_names_missing_records(tmp_path):
    """A gap in the numbering is counted."""
    history = fold([Record(0, 1.0, Noted("a")), Record(3, 1.0, Noted("b"))])
    assert history.num_missing == 2
