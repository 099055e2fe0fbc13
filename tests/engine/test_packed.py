"""Packed files round-trip without loss; damaged or malicious files are rejected."""

import hashlib

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from medtui.engine.export.packed import (
    MAGIC,
    Header,
    PackedTensor,
    read_packed,
    write_packed,
)
from medtui.errors import EnvironmentProblem

SPARSE = np.where(np.arange(1000) % 7 == 0, np.linspace(-1, 1, 1000), 0).astype(np.float32)

ARRAYS = {
    "sparse": SPARSE.reshape(10, 100),
    "half": SPARSE.astype(np.float16),
    "dense": np.linspace(0.1, 1, 33, dtype=np.float32),
    "count": np.array(12, dtype=np.int64),
    "empty": np.zeros((0, 3), np.float32),
    "zeros": np.zeros(9, np.float32),
}


@pytest.fixture
def packed(tmp_path):
    """Return a packed file."""
    path = tmp_path / "model.packed"
    write_packed(path, ARRAYS, '{"study":"demo"}')
    return path


def assert_same(found, expected):
    """Compare arrays by name, type, shape and bytes."""
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes(), name


def test_everything_comes_back_to_the_bit(packed):
    """Types, shapes, values and metadata round-trip."""
    arrays, metadata = read_packed(packed)
    assert_same(arrays, ARRAYS)
    assert metadata == '{"study":"demo"}'


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(width=32, allow_nan=False).map(lambda value: value or 0.0)),
    kind=st.sampled_from(["float32", "float64", "float16"]),
)
def test_any_values_come_back(tmp_path_factory, values, kind):
    """Infinities and subnormal numbers round-trip."""
    with np.errstate(over="ignore", under="ignore"):
        array = np.array(values, dtype=kind)
    path = tmp_path_factory.mktemp("packed") / "any.packed"
    expected = {"any": array + np.zeros((), kind)}  # a zero loses its sign
    write_packed(path, {"any": array}, "")
    assert_same(read_packed(path)[0], expected)


def test_a_negative_zero_becomes_zero(tmp_path):
    """A negative zero loses its sign; its value is equal."""
    write_packed(tmp_path / "x", {"x": np.array([-0.0, 0, 0, 0, 0, 0, 0, 5.0], np.float32)}, "")
    assert read_packed(tmp_path / "x")[0]["x"].tolist() == [0, 0, 0, 0, 0, 0, 0, 5.0]


def test_every_cut_is_refused(packed):
    """Truncated files are rejected."""
    whole = packed.read_bytes()
    for length in {0, 3, 8, 15, 16, 40, len(whole) // 2, len(whole) - 1}:
        packed.write_bytes(whole[:length])
        with pytest.raises(EnvironmentProblem, match="not a valid packed file"):
            read_packed(packed)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_turned_bit_is_refused_or_harmless(tmp_path_factory, place, bit):
    """A file with one flipped bit is rejected or has the same content."""
    path = tmp_path_factory.mktemp("packed") / "model.packed"
    write_packed(path, ARRAYS, "{}")
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] ^= 1 << bit
    path.write_bytes(raw)
    try:
        arrays, metadata = read_packed(path)
    except EnvironmentProblem:
        return
    assert_same(arrays, ARRAYS)
    assert metadata == "{}"


def forge(path, tensors, payload, *, version=1):
    """Write a file with an arbitrary header."""
    header = msgspec.json.encode(Header("{}", tensors))
    lengths = np.array([version, len(header)], "<u4").tobytes()
    checksum = hashlib.sha256(header + payload).digest()
    path.write_bytes(MAGIC + lengths + checksum + header + zstandard.compress(payload))


@pytest.mark.parametrize(
    ("tensor", "payload"),
    [
        (PackedTensor("huge", "float32", (1 << 40,), None), b""),
        (PackedTensor("huge", "float32", (1 << 40,), 0), b""),
        (PackedTensor("negative", "float32", (-4, -4), None), bytes(64)),
        (PackedTensor("objects", "object", (2,), None), bytes(16)),
        (PackedTensor("short", "float32", (4,), None), bytes(8)),
        (PackedTensor("mask", "float32", (8,), 1), b"\x00" + bytes(4)),
        (PackedTensor("many", "float32", (1,), 2), b"\x80" + bytes(8)),
    ],
)
def test_what_a_header_cannot_mean_is_refused(tmp_path, tensor, payload):
    """Sizes, types and masks of a header are checked."""
    path = tmp_path / "forged.packed"
    forge(path, [tensor], payload)
    with pytest.raises(EnvironmentProblem):
        read_packed(path)


def test_a_frame_that_would_burst_is_refused(tmp_path):
    """A small file cannot allocate more memory than its header declares."""
    path = tmp_path / "bomb.packed"
    forge(path, [PackedTensor("x", "uint8", (4,), None)], bytes(1 << 24))
    with pytest.raises(EnvironmentProblem, match="bytes of content"):
        read_packed(path)


def test_a_later_version_is_an_error(tmp_path):
    """A later version is rejected with an error that names both."""
    path = tmp_path / "later.packed"
    forge(path, [], b"", version=2)
    with pytest.raises(EnvironmentProblem, match="its version is 2; this medtui reads version 1"):
        read_packed(path)
