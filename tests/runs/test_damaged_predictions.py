"""Predictions that are damaged, contradictory or hostile are refused, in bounded memory."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
    read_predictions,
)
from medtui.storage import DamagedFile, digest_of
from tests.helpers.paths import RECORDED

WHOLE = RECORDED / "cells" / "prune-0.1" / "predictions.npz"

Change = Callable[[SplitPredictions], SplitPredictions]


def with_nan(stored: SplitPredictions) -> SplitPredictions:
    """Return logits of which one is not a number."""
    logits_NK = stored.logits_NK.copy()
    logits_NK[3, 1] = np.nan
    return replace(stored, logits_NK=logits_NK)


CHANGES: dict[str, tuple[Change, str]] = {
    "nan": (with_nan, "not finite"),
    "fewer rows": (lambda each: replace(each, logits_NK=each.logits_NK[:-1]), "90 images and 2"),
    "more classes": (
        lambda each: replace(each, logits_NK=np.zeros((90, 3), np.float32)), "90 images and 2",
    ),
    "text logits": (
        lambda each: replace(each, logits_NK=each.logits_NK.astype(str)), "not numbers",
    ),
    "labels out of range": (lambda each: replace(each, labels=each.labels + 5), "between 0 and 1"),
    "labels as fractions": (lambda each: replace(each, labels=each.labels / 2), "labels are not"),
    "fewer patients": (lambda each: replace(each, patients=each.patients[:-1]), "89 patients"),
    "repeated names": (lambda each: replace(each, names=[each.names[0]] * 90), "repeated"),
    "a mask of another shape": (lambda each: replace(each, mask=np.ones(3, bool)), "mask"),
}  # fmt: skip


def altered(change: Change) -> bytes:
    """Return the recorded predictions, changed in val."""
    found = read_predictions(WHOLE)
    splits = found.splits | {"val": change(found.splits["val"])}
    return pack_predictions(RunPredictions(found.classes, splits))


@pytest.mark.parametrize("name", CHANGES)
def test_arrays_that_do_not_belong_together_are_refused(tmp_path, name):
    """With the path, the split and the reason."""
    change, reason = CHANGES[name]
    path = tmp_path / "predictions.npz"
    path.write_bytes(altered(change))
    with pytest.raises(DamagedFile, match=f"damaged: val: .*{reason}"):
        read_predictions(path)


def with_member(name: str, content: bytes, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return the recorded archive with another content in one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(WHOLE) as old, zipfile.ZipFile(buffer, "w", method) as new:
        for member in old.namelist():
            new.writestr(member, content if member == name else old.read(member))
    return buffer.getvalue()


def header(shape: str, dtype: str = "'<f4'") -> bytes:
    """Return the beginning of an array file."""
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}".encode()
    text = text.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


HOSTILE = {
    "a shape of 3.5 PiB": header("(1000000000000, 1000)"),
    "a shape that overflows": header("(9223372036854775807, 9223372036854775807)"),
    "a negative shape": header("(-1, 2)"),
    "objects": header("(90,)", "'|O'") + bytes(720),
    "a header that is no literal": header("(90, (", "'<f4'"),
    "a header with a call": header("__import__('os').getpid()"),
    "no magic": b"not numpy",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_members_are_refused_without_taking_memory(tmp_path, name):
    """What a header states is compared with the bytes that are there."""
    path = tmp_path / "predictions.npz"
    path.write_bytes(with_member("val_logits.npy", HOSTILE[name]))
    tracemalloc.start()
    with pytest.raises(DamagedFile):
        read_predictions(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 1024**2


def test_an_archive_that_expands_a_thousandfold_is_refused(tmp_path):
    """The expanded length is limited by that of the file."""
    path = tmp_path / "predictions.npz"
    path.write_bytes(with_member("val_logits.npy", header("(90, 400000)") + bytes(144_000_000)))
    tracemalloc.start()
    with pytest.raises(DamagedFile, match="expands to"):
        read_predictions(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 1024**2


@pytest.mark.parametrize("flags", [1, 0x40])
def test_encrypted_members_and_other_methods_are_refused(tmp_path, flags):
    """They raise errors of other types."""
    path = tmp_path / "predictions.npz"
    raw = bytearray(WHOLE.read_bytes())
    central = raw.find(b"PK\x01\x02")
    raw[6] |= flags & 1
    raw[central + 8] |= flags & 1
    raw[central + 10] |= flags & 0x40
    path.write_bytes(raw)
    with pytest.raises(DamagedFile):
        read_predictions(path)


def test_another_file_than_the_recorded_one_is_refused(tmp_path):
    """Valid predictions of another run are not those of this one."""
    path = tmp_path / "predictions.npz"
    path.write_bytes(WHOLE.read_bytes())
    expected = digest_of(path.read_bytes())
    assert read_predictions(path, expected).classes == read_predictions(WHOLE).classes
    path.write_bytes((RECORDED / "cells" / "reference" / "predictions.npz").read_bytes())
    with pytest.raises(DamagedFile, match="in place of"):
        read_predictions(path, expected)
