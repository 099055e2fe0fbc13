"""A JSON record with a checksum gives its content or an error, whatever bit of it changes."""

import random

import msgspec
import pytest

from medtui.runs.json_record import encode_json_record, write_json_record
from medtui.runs.result import read_result
from medtui.storage import DamagedFile, UnreadableFile
from medtui.storage.json_seal import check_seal, is_sealed, seal
from tests.helpers.altered_runs import copy_recorded
from tests.helpers.damaged_files import RUN, record_digests

NUM_FLIPS = 300


def test_a_record_keeps_its_content_and_has_a_checksum_at_its_end():
    """Earlier versions read it as before: they skip a key that they do not know."""
    raw = encode_json_record({"a": 1, "b": [1.5, "x"]})
    found = msgspec.json.decode(raw)
    assert found.pop("checksum") == list(msgspec.json.decode(raw).values())[-1]
    assert found == {"a": 1, "b": [1.5, "x"]}
    assert is_sealed(raw)
    check_seal(raw)


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"a": 1}', b""])
def test_what_has_no_checksum_passes(raw):
    """Records of earlier versions, and what is no record; the decoder judges them."""
    assert not is_sealed(raw)
    check_seal(raw)


def test_an_empty_object_stays_valid():
    """It has no line to which a checksum could be added."""
    assert msgspec.json.decode(seal(b"{}")) == {}


def test_a_changed_digit_is_refused(tmp_path):
    """Valid JSON with another number is no record."""
    raw = encode_json_record({"accuracy": 0.94})
    with pytest.raises(ValueError, match="checksum"):
        check_seal(raw.replace(b"0.94", b"0.97"))


def test_no_bit_of_a_result_changes_a_number_unnoticed(tmp_path):
    """Single bits anywhere: the same result, or an error that names the file."""
    run = copy_recorded(tmp_path, "cells").run(RUN)
    record_digests(run)
    raw, expected = run.result.read_bytes(), read_result(run)
    rng = random.Random(0)
    num_refused = 0
    for _ in range(NUM_FLIPS):
        changed = bytearray(raw)
        changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        run.result.write_bytes(changed)
        try:
            found = read_result(run)
        except UnreadableFile:
            num_refused += 1
        else:
            assert found == expected
    assert num_refused > 0.9 * NUM_FLIPS


@pytest.mark.parametrize("number", [b"9" * 400, b"-" + b"9" * 20])
def test_a_number_beyond_64_bits_is_refused(tmp_path, number):
    """It could be neither divided nor formatted; digits in texts are no numbers."""
    run = copy_recorded(tmp_path, "cells").run(RUN)
    raw = run.result.read_bytes()
    run.result.write_bytes(raw.replace(b'"seed": 0', b'"seed": ' + number))
    with pytest.raises(DamagedFile, match="out of range"):
        read_result(run)
    named = raw.replace(b'"guard": "on"', b'"guard": "' + number + b'"')
    run.result.write_bytes(named)
    assert read_result(run) is not None


def test_a_record_of_an_earlier_version_is_read(tmp_path):
    """It has no checksum, and a changed digit cannot be noticed."""
    run = copy_recorded(tmp_path, "cells").run(RUN)
    assert not is_sealed(run.result.read_bytes())
    found = read_result(run)
    assert found is not None
    assert found.files == {}
    write_json_record(run.result, found)
    assert is_sealed(run.result.read_bytes())
    assert read_result(run) == found
