"""What interrupted writers leave behind is found and deleted, and nothing else."""

import sys
from pathlib import Path

import pytest

from medtui.cli import main
from medtui.jobs.planning import sweep
from medtui.runs.folder import StudyFolder
from medtui.runs.leftovers import leftovers_of
from medtui.runs.ownership.lock import FolderLock
from tests.helpers.small_study import record_study

PART = ".model.safetensors.0123456789abcdef.part"


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    """Return a study with the traces of killed writers."""
    study = record_study(tmp_path, "small")
    study.path.joinpath(".preset.toml.0.part").write_bytes(bytes(10))
    for name in ("prune-0.1", "quantize16"):
        run = study.run(name)
        (run.path / PART).write_bytes(bytes(1000))
        (run.checkpoint / "000001").mkdir(parents=True)
        (run.checkpoint / "000001" / "tensors.safetensors").write_bytes(bytes(5000))
        (run.checkpoint / ".000002.part").mkdir()
    return study


def names_of(study: StudyFolder) -> set[str]:
    """Return the leftovers, relative to the study."""
    return {str(each.path.relative_to(study.path)) for each in leftovers_of(study)}


EXPECTED = {
    ".preset.toml.0.part",
    f"prune-0.1/{PART}", "prune-0.1/checkpoint",
    f"quantize16/{PART}", "quantize16/checkpoint/.000002.part",
}  # fmt: skip


def test_temporary_files_and_checkpoints_of_finished_runs_are_left_over(study):
    """A run that can be resumed keeps its checkpoints."""
    assert names_of(study) == EXPECTED
    sizes = {each.path.name: each.num_bytes for each in leftovers_of(study)}
    assert sizes[PART] == 1000
    assert sizes["checkpoint"] == 5000


def test_what_a_living_process_writes_is_passed_over(study):
    """Its temporary file may be renamed in the next moment."""
    with FolderLock(study.run("quantize16").lock), FolderLock(study.lock):
        assert names_of(study) == {each for each in EXPECTED if each.startswith("prune")}


def test_a_supervisor_sweeps_its_study_at_the_start(study):
    """It holds the lock of the study itself."""
    before = {path for path in study.path.rglob("*") if path.is_file()}
    with FolderLock(study.lock):
        sweep(study)
    assert names_of(study) == set()
    gone = {path.name for path in before if not path.exists()}
    assert gone == {".preset.toml.0.part", PART, "tensors.safetensors"}
    assert (study.run("quantize16").checkpoint / "000001" / "tensors.safetensors").is_file()


def test_clean_lists_and_deletes(study, monkeypatch, capsys):
    """A dry run only lists."""

    def clean(*arguments: str) -> list[str]:
        runs_dir = str(study.path.parent)
        argv = ["medtui", "runs", "clean", *arguments, "--runs-dir", runs_dir]
        monkeypatch.setattr(sys, "argv", argv)
        assert main() == 0
        return [line.rpartition("  ")[0] for line in capsys.readouterr().out.splitlines()]

    listed = clean("--dry-run")
    assert {str(Path(line).relative_to(study.path)) for line in listed} == EXPECTED
    assert names_of(study) == EXPECTED
    assert clean("small") == listed
    assert clean() == []
