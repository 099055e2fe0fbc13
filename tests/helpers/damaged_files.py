"""Studies with every kind of stored file, and every kind of damage to one of them."""

import csv
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import safetensors.numpy

from medtui.analysis.prediction_changes import changes_csv
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.bench_record import Bench, Contest, Latency, Spread, Throughput, write_bench
from medtui.runs.checkpoint_files import STATE, TENSORS, SavedState, checkpoint_path
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.json_record import encode_json_record, write_json_record
from medtui.runs.predictions import SplitPredictions, pack_predictions, read_predictions
from medtui.runs.result import read_result, write_result
from medtui.runs.run_digests import digest_files
from medtui.runs.search_record import SearchOutcome, SearchRecord, SearchSample, write_search
from medtui.runs.shrunk_manifest import LayerChannels, Manifest, pack_manifest
from medtui.storage import digest_of
from tests.helpers.altered_runs import copy_recorded

RUN = "prune-0.1"
"""The run whose files are damaged."""

HUGE_BYTES = 1 << 40
"""Length of a huge file; it is sparse and takes no space."""

PAYLOAD = b"\xff\x1b]52;c;Y3VybA==\x07\x1b[2J\x9b31m"
"""Bytes that are not UTF-8, and sequences that steer a terminal."""


def path_of(study: StudyFolder, kind: str) -> Path:
    """Return the file of a kind."""
    run = study.run(RUN)
    checkpoint = checkpoint_path(run.checkpoint, 1)
    return {
        "result": run.result,
        "preset": run.preset,
        "events": run.events,
        "telemetry": run.telemetry,
        "predictions": run.predictions,
        "split": run.split,
        "search": study.search,
        "bench": run.bench,
        "manifest": run.shrunk_manifest,
        "provenance": run.provenance,
        "model": run.model,
        "state": checkpoint / STATE,
        "tensors": checkpoint / TENSORS,
        "note": study.note,
        "changed": run.changed,
    }[kind]


KINDS = (
    "result", "preset", "events", "telemetry", "predictions", "split", "search", "bench",
    "manifest", "provenance", "model", "state", "tensors", "note", "changed",
)  # fmt: skip


def write_whole_study(runs_dir: Path, name: str) -> StudyFolder:
    """Write a study that has a file of every kind, with the digests that a worker records."""
    study = copy_recorded(runs_dir, name)
    study.note.write_text("a note\n", encoding="utf-8")
    sample = SearchSample(
        "prune-0.1", 0.1, is_probe=False, metric=0.44, sigma=0.01, is_feasible=True, gain=None,
        is_free=True,
    )  # fmt: skip
    outcome = SearchOutcome(
        "Prune", "accuracy", is_share=True, objective="size", method="bisection", eps=0.01,
        sigmas=1.0, budget=3, reference=0.5, samples=[sample], curve=None,
    )  # fmt: skip
    write_search(study, SearchRecord([outcome]))
    reference = read_predictions(study.reference.predictions)
    for run in study.runs():
        _complete(run)
        if not run.is_reference:
            changed = changes_csv(reference, read_predictions(run.predictions))
            run.changed.write_text(changed, encoding="utf-8")
        record_digests(run)
    _write_checkpoint(study.run(RUN))
    return study


def record_digests(run: RunFolder) -> None:
    """Write a run's result again, with the digests of its files as they are."""
    result = read_result(run)
    assert result is not None
    write_result(run, msgspec.structs.replace(result, files=digest_files(run)))


def _complete(run: RunFolder) -> None:
    names = [name for part in read_predictions(run.predictions).splits.values()
             for name in part.names]  # fmt: skip
    lines = [{"name": name, "patient": name, "part": "test", "subgroups": {"sex": "MF"[at % 2]}}
             for at, name in enumerate(names)]  # fmt: skip
    run.split.write_bytes(b"\n".join(map(msgspec.json.encode, lines)) + b"\n")
    weights = safetensors.numpy.save({"fc.weight": np.arange(600, dtype=np.float32)})
    publish_bytes(run.model, weights)
    publish_bytes(run.shrunk, weights)
    layers = [LayerChannels("fc", 512, 2)]
    publish_bytes(run.shrunk_manifest, pack_manifest(Manifest("resnet18", 3, 2, layers)))
    write_json_record(run.provenance, msgspec.json.decode(run.provenance.read_bytes()))
    spread = Spread(1.5, 1.25, 1.75)
    contest = Contest("float32", Latency(2.5, 3.5, 4.5, 100),
                      [Throughput(1, Spread(400.0, 390.0, 410.0), None)], "throughput fell",
                      spread, spread)  # fmt: skip
    write_bench(run, Bench(
        run.study.name, run.name, 1.79e9, "cpu", "EPYC", 1, "AVX2", "2.13", (3, 32, 32), 12.5,
        44_800, 44_800, 9_600, 37_000, [contest],
    ))  # fmt: skip


def _write_checkpoint(run: RunFolder) -> None:
    folder = checkpoint_path(run.checkpoint, 1)
    folder.mkdir(parents=True)
    tensors = safetensors.numpy.save({"theta.fc.weight": np.arange(600, dtype=np.float32)})
    digest = digest_of(tensors)
    state = SavedState("compress", 1, 10, {"mu": 0.55, "best_loss": 0.84}, {"torch": "2.13"},
                       sha256=digest.sha256, num_bytes=digest.num_bytes)  # fmt: skip
    (folder / TENSORS).write_bytes(tensors)
    (folder / STATE).write_bytes(encode_json_record(state))


def not_utf8(path: Path) -> None:
    """Insert bytes that are not UTF-8 in the middle."""
    raw = path.read_bytes()
    middle = len(raw) // 2
    path.write_bytes(raw[:middle] + PAYLOAD + raw[middle:])


def truncated(path: Path) -> None:
    """Keep the first two thirds."""
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * 2 // 3])


def flipped(path: Path) -> None:
    """Change one digit of text, or one bit of the content of an array."""
    raw = bytearray(path.read_bytes())
    if path.suffix in {".npz", ".safetensors"}:
        at = len(raw) // 2 if path.suffix == ".npz" else len(raw) - 5
        raw[at] ^= 0x40
    else:
        digits = [at for at, byte in enumerate(raw) if chr(byte).isdigit()]
        at = digits[len(digits) // 2] if digits else len(raw) // 2
        raw[at] ^= 1  # the digit before or after, such as 4 for 5
    path.write_bytes(raw)


def missing(path: Path) -> None:
    """Delete it."""
    path.unlink()


def empty(path: Path) -> None:
    """Leave no content."""
    path.write_bytes(b"")


def huge(path: Path) -> None:
    """Extend it by zeros to a length beyond every memory."""
    os.truncate(path, HUGE_BYTES)


def not_a_number(path: Path) -> None:
    """Replace a number by NaN."""
    if path.suffix == ".npz":
        _alter_predictions(path, _with_nan)
    elif path.suffix == ".safetensors":
        path.write_bytes(safetensors.numpy.save({"fc.weight": np.full(600, np.nan, np.float32)}))
    else:
        _replace_first_number(path, b"nan" if path.suffix == ".toml" else b"NaN")


def wrong_shapes(path: Path) -> None:
    """Keep the form, with other lengths, types or columns."""
    if path.suffix == ".npz":
        _alter_predictions(path, _with_fewer_rows)
    elif path.suffix == ".safetensors":
        path.write_bytes(safetensors.numpy.save({"fc.weight": np.zeros((3, 5), np.float32)}))
    elif path.suffix == ".csv":
        rows = [row[:2] for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8")))]
        path.write_text("\n".join(map(",".join, rows)), encoding="utf-8")
    else:
        _replace_first_number(path, b"[[1, 2], 3]")


def named_pipe(path: Path) -> None:
    """Put a pipe without a writer in its place."""
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def link_loop(path: Path) -> None:
    """Put a link to itself in its place."""
    path.unlink()
    path.symlink_to(path.name)


def unreadable(path: Path) -> None:
    """Take the permission to read it; root reads it nevertheless, see `deny_reading`."""
    path.chmod(0)


DAMAGES: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (
        not_utf8, truncated, flipped, missing, empty, huge, not_a_number, wrong_shapes, named_pipe,
        folder, link_loop, unreadable,
    )
}  # fmt: skip


def copy_study(study: StudyFolder, runs_dir: Path) -> StudyFolder:
    """Copy a study into another runs folder."""
    shutil.copytree(study.path, runs_dir / study.name)
    return StudyFolder(runs_dir / study.name)


def _replace_first_number(path: Path, new: bytes) -> None:
    raw = path.read_bytes()
    at = next((at for at in range(1, len(raw)) if chr(raw[at]).isdigit()
               and raw[at - 1 : at] in b" :=,"), len(raw))  # fmt: skip
    end = at
    while end < len(raw) and raw[end : end + 1] in b"0123456789.e-":
        end += 1
    path.write_bytes(raw[:at] + new + raw[end:])


def _alter_predictions(path: Path, change: Callable[[SplitPredictions], SplitPredictions]) -> None:
    found = read_predictions(path)
    splits = {split: change(stored) for split, stored in found.splits.items()}
    path.write_bytes(pack_predictions(replace(found, splits=splits)))


def _with_nan(stored: SplitPredictions) -> SplitPredictions:
    logits_NK = stored.logits_NK.copy()
    logits_NK[0, 0] = np.nan
    return replace(stored, logits_NK=logits_NK)


def _with_fewer_rows(stored: SplitPredictions) -> SplitPredictions:
    return replace(stored, logits_NK=stored.logits_NK[:-1])
