"""Reading telemetry while it is written, torn or damaged."""

from pathlib import Path

import msgspec
import pytest

from medtui.telemetry import GpuSample, Sample, SampleTail, read_samples, reader

SAMPLES = [
    Sample(time=100.0 + second, elapsed_s=float(second), gpus=[GpuSample(index=0, name="ü")])
    for second in range(4)
]
CONTENT = b"".join(msgspec.json.encode(sample) + b"\n" for sample in SAMPLES)


def test_every_sample_is_read_once_wherever_the_writer_was(tmp_path: Path) -> None:
    """A reader may start at any byte of a line; a torn last line is not read yet."""
    path = tmp_path / "telemetry.jsonl"
    first = CONTENT.index(b"\n")
    second = CONTENT.index(b"\n", first + 1)
    for cut in (0, *range(first - 1, second + 3), len(CONTENT) - 1, len(CONTENT)):
        path.write_bytes(CONTENT[:cut])
        early, offset = read_samples(path)
        path.write_bytes(CONTENT)
        late, end = read_samples(path, offset)
        assert early + late == SAMPLES
        assert end == len(CONTENT)


def test_garbage_is_skipped_and_counted(tmp_path: Path) -> None:
    """One bad line costs one sample."""
    path = tmp_path / "telemetry.jsonl"
    garbage = [b"{", b"", b"\xff\xfe", b"null", b'{"time":"x"}', b"[" * 100_000, b"\0" * 4096]
    first, rest = CONTENT.split(b"\n", 1)
    path.write_bytes(b"\n".join([first, *garbage, rest]))
    follower = SampleTail(path)
    assert follower.read_all() == SAMPLES
    assert follower.num_damaged == len(garbage)


def test_fields_of_a_later_version_are_ignored(tmp_path: Path) -> None:
    """Runs of newer versions can be read."""
    path = tmp_path / "telemetry.jsonl"
    path.write_bytes(b'{"time":1.5,"elapsed_s":2.5,"tomorrow":[1]}\n')
    assert read_samples(path)[0] == [Sample(time=1.5, elapsed_s=2.5)]


def test_a_missing_file_holds_nothing(tmp_path: Path) -> None:
    """A run without telemetry is valid."""
    assert read_samples(tmp_path / "telemetry.jsonl") == ([], 0)


def test_a_file_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    """A shorter file is a new file."""
    path = tmp_path / "telemetry.jsonl"
    path.write_bytes(CONTENT)
    follower = SampleTail(path)
    follower.read_all()
    path.write_bytes(CONTENT[: len(CONTENT) // 4])
    assert follower.poll() == SAMPLES[:1]


def test_a_line_without_end_is_stepped_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power failure: a block of zeros, then the next session's samples."""
    monkeypatch.setattr(reader, "CHUNK_BYTES", 1024)
    path = tmp_path / "telemetry.jsonl"
    path.write_bytes(b"\0" * 5000 + b"\n" + CONTENT)
    assert read_samples(path)[0] == SAMPLES


def test_samples_of_a_superseded_owner_are_left_out(tmp_path: Path) -> None:
    """Suspended between check and write, its sampler may add a line after the next owner's."""
    path = tmp_path / "telemetry.jsonl"
    generations = [0, 1, 1, 2, 1, 2]
    samples = [Sample(float(at), float(at), generation=each) for at, each in enumerate(generations)]
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in samples))
    assert [sample.time for sample in read_samples(path)[0]] == [0, 1, 2, 3, 5]
