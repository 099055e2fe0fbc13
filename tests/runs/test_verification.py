"""`medtui runs verify`: what it finds in whole, changed, early and unfinished studies."""

import json
import shutil
import sys

import pytest

from medtui.cli import main
from medtui.runs.exports import record_path
from medtui.runs.folder import StudyFolder
from medtui.runs.verification import verify_run, verify_study
from tests.helpers.altered_runs import copy_recorded
from tests.helpers.damaged_files import RUN, write_whole_study
from tests.helpers.small_study import record_study


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    """Return a study with a file of every kind."""
    return write_whole_study(tmp_path, "cells")


def bad(study: StudyFolder) -> dict[str, str]:
    """Return the files that are missing or damaged, relative to the study, and the reasons."""
    return {
        str(check.path.relative_to(study.path)): check.reason
        for check in verify_study(study)
        if check.is_bad
    }


def verify(monkeypatch: pytest.MonkeyPatch, study: StudyFolder, *arguments: str) -> int:
    """Run the verb."""
    runs_dir = str(study.path.parent)
    monkeypatch.setattr(
        sys, "argv", ["medtui", "runs", "verify", *arguments, "--runs-dir", runs_dir]
    )
    return main()


def test_a_whole_study_is_ok(study, monkeypatch, capsys):
    """One line per file, and exit code 0."""
    assert {check.state for check in verify_study(study)} == {"ok"}
    assert verify(monkeypatch, study, "cells") == 0
    told = capsys.readouterr()
    assert all(line.startswith("ok  ") for line in told.out.splitlines())
    assert "0 missing, 0 damaged" in told.err


def test_a_changed_file_has_a_line_and_exit_code_1(study, monkeypatch, capsys):
    """As text, as JSON, and alone with --quiet."""
    path = study.run(RUN).model
    path.write_bytes(path.read_bytes()[:-1] + b"\x40")
    assert verify(monkeypatch, study, "-q") == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"damaged      {path}: its checksum")
    assert verify(monkeypatch, study, f"cells/{RUN}", "--json") == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (damaged,) = [each for each in found if each["state"] != "ok"]
    assert (damaged["file"], damaged["state"]) == (str(path), "damaged")


def test_runs_of_earlier_versions_are_not_recorded(tmp_path, monkeypatch, capsys):
    """They have no checksums; that is no damage."""
    study = copy_recorded(tmp_path, "cells")
    states = {check.path.name: check.state for check in verify_run(study.run(RUN))}
    assert states["result.json"] == states["predictions.npz"] == "not recorded"
    assert states["events.jsonl"] == "ok"  # each line has a checksum
    assert verify(monkeypatch, study) == 0
    assert "0 missing, 0 damaged" in capsys.readouterr().err


def test_an_early_run_that_cannot_be_read_is_damaged(tmp_path):
    """Without a checksum a file is at least read."""
    study = copy_recorded(tmp_path, "cells")
    run = study.run(RUN)
    run.predictions.write_bytes(run.predictions.read_bytes()[:-100])
    run.model.write_bytes(b"no tensors")
    assert set(bad(study)) == {f"{RUN}/predictions.npz", f"{RUN}/model.safetensors"}


def test_files_of_another_run_are_damaged(study):
    """Each is valid, but not what was written here."""
    other = study.run("prune-0.1-s1")
    for name in ("result.json", "provenance.json"):
        shutil.copy(other.path / name, study.run(RUN).path / name)
    found = bad(study)
    assert found[f"{RUN}/result.json"] == "it is the result of prune-0.1-s1"


def test_a_result_without_its_checksum_is_damaged(study):
    """Files that record others have one."""
    path = study.run(RUN).result
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"checksum"', '"chfcksum"'), encoding="utf-8")
    assert bad(study) == {f"{RUN}/result.json": "its checksum is missing"}


def test_a_missing_result_is_found_by_the_log(study):
    """The log says that the run is finished."""
    study.run(RUN).result.unlink()
    assert bad(study) == {f"{RUN}/result.json": "the log says that the run is finished"}


def test_the_preset_of_a_study_is_that_of_its_reference(study):
    """It is written once, and no result records it."""
    text = study.preset.read_text(encoding="utf-8")
    study.preset.write_text(text.replace("0.1", "0.2"), encoding="utf-8")
    assert list(bad(study)) == ["preset.toml"]


def test_a_lost_event_is_found(study):
    """A line that was cut out leaves a gap in the numbers, also behind the recorded part."""
    run = study.run(RUN)
    run.result.unlink()
    lines = run.events.read_bytes().splitlines(keepends=True)
    run.events.write_bytes(b"".join(lines[:3] + lines[4:]))
    assert bad(study)[f"{RUN}/events.jsonl"] == "events are missing"


def test_unfinished_runs_are_no_damage(tmp_path):
    """A failed run has no result and no digests."""
    study = record_study(tmp_path, "small")
    assert bad(study) == {}


def test_a_changed_export_is_found(study):
    """Its record has the checksum of the file."""
    run = study.run(RUN)
    run.exports.mkdir()
    file = run.exports / "cells-prune-0.1.onnx"
    file.write_bytes(b"network")
    record_path(file).write_text('{"file": "cells-prune-0.1.onnx"}', encoding="utf-8")
    assert list(bad(study)) == [f"{RUN}/exports/{file.name}.json"]
