"""Single flipped bits of every kind of file: none gives another content unnoticed."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from medtui.errors import MedtuiError
from medtui.runs.bench_record import read_bench
from medtui.runs.checkpoint_files import read_checkpoint
from medtui.runs.data_digest import recorded_digest
from medtui.runs.folder import StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.patient_groups import read_split
from medtui.runs.predictions import read_predictions
from medtui.runs.result import read_result
from medtui.runs.search_record import read_search
from medtui.runs.shrunk_manifest import read_manifest
from medtui.runs.verification import verify_study
from medtui.storage import require_digest
from tests.helpers.damaged_files import KINDS, RUN, path_of, write_whole_study

pytestmark = pytest.mark.faults

NUM_FLIPS = 1000

NUM_VERIFIED = 25


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Write a study with a file of every kind."""
    return write_whole_study(tmp_path_factory.mktemp("flipped"), "cells")


def readers(study: StudyFolder) -> dict[str, Callable[[], object]]:
    """Return what reads each kind of file, as the verbs do."""
    run = study.run(RUN)
    result = read_result(run)

    def checked(path: Path) -> bytes:
        require_digest(path, result.digest_of(path))
        return path.read_bytes()

    return {
        "result": lambda: read_result(run),
        "bench": lambda: read_bench(run),
        "search": lambda: read_search(study),
        "manifest": lambda: read_manifest(run.shrunk_manifest),
        "provenance": lambda: recorded_digest(run),
        "events": lambda: [record.event for record in EventTail(run.events).read_all()],
        "state": lambda: read_checkpoint(path_of(study, "state").parent),
        "tensors": lambda: read_checkpoint(path_of(study, "tensors").parent),
        "predictions": lambda: repr(read_predictions(
            run.predictions, result.digest_of(run.predictions))),
        "split": lambda: read_split(run.split, result.digest_of(run.split)),
        "preset": lambda: checked(run.preset),
        "model": lambda: checked(run.model),
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in {"note", "changed", "telemetry"}]
)
def test_no_bit_changes_what_is_read(study, kind):
    """The content is the same, or less by a damaged line, or an error names the file."""
    read, path = readers(study)[kind], path_of(study, kind)
    raw, expected, rng = path.read_bytes(), read(), random.Random(kind)
    try:
        for _ in range(NUM_FLIPS):
            changed = bytearray(raw)
            changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            try:
                found = read()
            except MedtuiError as error:
                named = str(error)
                assert str(path) in named or path.name in named, named
                continue
            if kind == "events":
                assert all(event in expected for event in found)
            else:
                assert found == expected
    finally:
        path.write_bytes(raw)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "note"])
def test_verify_finds_flipped_bits(study, kind):
    """Each of them, also in files that no verb reads; in a record's checksum itself, too."""
    path = path_of(study, kind)
    raw, rng = path.read_bytes(), random.Random(f"verify {kind}")
    try:
        for _ in range(NUM_VERIFIED):
            changed = bytearray(raw)
            changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            (check,) = [each for each in verify_study(study) if each.path == path]
            assert check.state != "ok", bytes(changed)
    finally:
        path.write_bytes(raw)
