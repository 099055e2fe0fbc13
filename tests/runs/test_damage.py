"""A byte that is not UTF-8 affects only its file; lists still work."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from medtui.cli import main
from medtui.errors import MedtuiError
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.poller import Poller
from medtui.monitor.study_catalogue import StudyCatalogue
from medtui.reporting.contents import gather
from medtui.runs.bench_record import read_bench
from medtui.runs.exports import read_exports
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.patient_groups import read_subgroups
from medtui.runs.result import read_result
from medtui.runs.search_record import SearchRecord, read_search
from medtui.runs.shrunk_manifest import Manifest, read_manifest
from medtui.storage import UnreadableFile
from medtui.tracking.state import read_state

RECORDED = Path(__file__).parents[1] / "recorded" / "cells"

RUN = "prune-0.1"


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Return a copy of a recorded study beside which a healthy one lies."""
    for name in ("cells", "healthy"):
        shutil.copytree(RECORDED, tmp_path / "runs" / name)
    return StudyFolder(tmp_path / "runs" / "cells")


def damage(path: Path, old: bytes) -> None:
    """Write a byte that is not UTF-8 into the text of a file."""
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, old[:-1] + b"\xff", 1))


def manifest_of(run: RunFolder) -> Manifest:
    """Return the shrunk network's manifest of a run."""
    return read_manifest(run.shrunk_manifest)


def search_of(run: RunFolder) -> SearchRecord | None:
    """Return the search record of a run's study."""
    return read_search(run.study)


@pytest.mark.parametrize(
    ("raw", "name", "read"),
    [
        (b'{"run": "\xff"}', "result.json", read_result),
        (b'{"study": "\xff"}', "bench.json", read_bench),
        (b'{"architecture": "\xff"}', "shrunk.json", manifest_of),
        (b'{"searches": [{"scheme": "\xff"}]}', "../search.json", search_of),
        (b"[" * 100_000, "result.json", read_result),
    ],
)  # fmt: skip
def test_a_damaged_record_is_named(study, raw, name, read):
    """Any invalid bytes are reported as damage of this file."""
    run = study.run(RUN)
    (run.path / name).write_bytes(raw)
    with pytest.raises(MedtuiError, match=f"{Path(name).name} is damaged"):
        read(run)


def test_records_that_are_optional_are_left_out(study):
    """Damaged exports and Comet state count as absent; a damaged split is named."""
    run = study.run(RUN)
    run.exports.mkdir()
    run.comet.mkdir()
    (run.exports / "a.onnx.json").write_bytes(b'{"file": "\xff"}')
    (run.comet / "state.json").write_bytes(b'{"mode": "offline", "experiment_key": "\xff"}')
    run.split.write_bytes(b'{"name": "\xff", "part": "test"}\n')
    assert read_exports(run.exports) == []
    assert read_state(run.comet) is None
    with pytest.raises(UnreadableFile, match=r"split\.jsonl is damaged"):
        read_subgroups(run.split, "test")


def test_a_report_does_without_a_damaged_provenance(study):
    """The report lacks versions, but has all numbers."""
    damage(study.reference.provenance, b'"medtui": "0')
    chapters = gather([study], lambda _: None)
    assert None in [chapter.provenance for chapter in chapters]


def test_lists_show_the_others_and_name_the_damaged_file(study, monkeypatch, capsys):
    """Every list succeeds, with one line about the damaged file."""
    damage(study.run(RUN).result, b'"device_name": "A')
    runs_dir = str(study.path.parent)
    for verb in (["list"], ["list", "--json"], ["show", "cells"], ["show", f"cells/{RUN}"],
                 ["compare"], ["compare", "--json"]):  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["medtui", "runs", *verb, "--runs-dir", runs_dir])
        assert main() == 0, verb
        told = capsys.readouterr()
        assert RUN in told.out
        if "show" not in verb:
            assert "healthy/prune-0.1" in told.out
            assert told.err.count("result.json is damaged") == 1, verb


def test_home_shows_the_others_and_names_the_damaged_file(study):
    """The polling thread continues; the damaged run has the problem."""
    damage(study.run(RUN).result, b'"device_name": "A')
    snapshot = FolderReader(study.path.parent).read("", refresh_all=True)
    assert {row.name for row in snapshot.studies} == {"cells", "healthy"}
    (row,) = [row for row in snapshot.studies if row.name == "cells"]
    warnings = {run.name: run.warning for run in row.runs}
    assert "result.json is damaged" in warnings[RUN]
    assert "damaged" not in warnings["reference"]


def test_the_reading_thread_survives_any_error(tmp_path):
    """Errors are shown on Home, and polling continues."""

    class Failing:
        def read(self, *_: object, **__: object) -> None:
            raise ValueError("an unforeseen thing")

    feed = Poller(tmp_path, lambda _: None)
    assert "an unforeseen thing" in feed._read(Failing(), None, is_fresh=True).problem


def test_a_preset_and_a_note_in_another_encoding(study):
    """The preset is reported with its line; the note is shown without the byte."""
    damage(study.preset, b'name = "cells')
    study.note.write_bytes(b"caf\xe9 at noon\n")
    row = next(
        row for row in FolderReader(study.path.parent).read("", refresh_all=True).studies
        if row.name == "cells"
    )  # fmt: skip
    assert str(study.preset) in row.problem
    assert "not UTF-8" in row.problem
    assert row.note == "caf� at noon"


def test_folder_names_that_are_not_utf8_are_left_out_and_named(study, monkeypatch, capsys):
    """Runs and studies with such names do not break a list."""
    shutil.copytree(study.reference.path, study.path / os.fsdecode(b"run\xff"))
    shutil.copytree(study.path, study.path.parent / os.fsdecode(b"study\xfe"))
    catalogue = StudyCatalogue(study.path.parent)
    catalogue.scan()
    catalogue.advance()
    problems = {each.name: each.problem for each in catalogue.summaries()}
    assert set(problems) == {"cells", "healthy"}
    assert r"study\xfe is not shown" in catalogue.problem
    assert r"run\xff is not shown" in problems["cells"]
    for verb in (["list"], ["list", "--json"], ["show", "cells"], ["compare"]):
        monkeypatch.setattr(
            sys, "argv", ["medtui", "runs", *verb, "--runs-dir", str(study.path.parent)]
        )
        assert main() == 0, verb
        told = capsys.readouterr()
        if "compare" not in verb:
            assert r"run\xff is not shown" in told.out + told.err
        if "show" not in verb:
            assert r"study\xfe is not shown" in told.err
    assert FolderReader(study.path.parent).read("", refresh_all=True).problem == catalogue.problem
