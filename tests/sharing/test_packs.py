"""A pack opens elsewhere to look at, and is written whole or not at all."""

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer.main
from typer.testing import CliRunner

from medtui.cli import root
from medtui.errors import MedtuiError
from medtui.runs.folder import StudyFolder
from medtui.sharing import packing
from medtui.sharing.members import Chosen
from medtui.sharing.opening import open_pack, read_manifest
from medtui.sharing.shared_packs import pack
from tests.helpers.full_disk import raise_no_space
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.small_study import record_study

READING = {
    "card", "report", "runs list", "runs show", "runs compare", "runs verify", "runs pack",
}  # fmt: skip
"""Commands that write nothing into the runs folder."""


def packed(study: StudyFolder, path):
    """Pack a study as it is; return the pack."""
    pack(path, [Chosen(study, tuple(study.runs()))], [])
    return path


@pytest.fixture
def small(tmp_path) -> StudyFolder:
    """Return a small study of three runs, of which one has failed."""
    return record_study(tmp_path / "runs", "cells")


def test_equal_files_make_equal_packs(small, tmp_path):
    """Order, times and compression depend on nothing else."""
    first, second = (packed(small, tmp_path / name).read_bytes() for name in ("a.zip", "b.zip"))
    assert first == second


def test_a_pack_shows_what_the_folder_shows(medtui, study, tmp_path):
    """Tables, comparisons and the check of files are the same, without the source."""
    words = (["runs", "show", "films"], ["runs", "compare", "films", "--hurt"], ["runs", "list"])
    wanted = [medtui(*each).splitlines()[1:] for each in words]
    assert medtui("runs", "pack", "films").strip() == "films.zip"
    study.path.rename(tmp_path / "away")
    shown = [medtui(*each, "--runs-dir", "films.zip").splitlines()[1:] for each in words]
    assert shown == wanted
    assert " damaged" not in medtui("runs", "verify", "--runs-dir", "films.zip")


def test_a_pack_is_unpacked_once_and_opened_by_the_environment(medtui, small, monkeypatch):
    """Its folder is named by its digest; a copy under another name is the same pack."""
    medtui("runs", "pack", "cells", "-o", "a.zip")
    monkeypatch.setenv("MEDTUI_RUNS_DIR", "a.zip")
    assert "prune-0.1" in medtui("runs", "list")
    (unpacked,) = Path("cache/packs").iterdir()
    before = unpacked.stat().st_ino
    medtui("runs", "list", "--runs-dir", "a.zip")
    assert [each.stat().st_ino for each in unpacked.parent.iterdir()] == [before]


def _commands(command, name: str = ""):
    for child, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{name} {child}".strip())
    if any(param.name == "runs_dir" for param in command.params) and name:
        yield name, command


COMMANDS = dict(_commands(typer.main.get_command(root.app)))


def test_the_commands_that_read_exist():
    """The list above is of commands that there are."""
    assert COMMANDS.keys() >= READING


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - READING))
def test_a_command_that_writes_refuses_a_pack(name, small, tmp_path, monkeypatch):
    """It names the file and how to unpack it, and changes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    path = packed(small, tmp_path / "cells.zip")
    needed = [param for param in COMMANDS[name].params if param.required]
    given = {"tracker": "tensorboard", "target": "cells/prune-0.1", "targets": "cells/prune-0.1"}
    words = [given.get(param.name, "x") for param in needed if param.param_type_name == "argument"]
    for param in needed:
        words += [param.opts[0], "x"] if param.param_type_name == "option" else []
    words += {"gate": ["--plan", "x.toml"], "extend": ["--set", "lc.cycles=1"]}.get(name, [])
    done = CliRunner().invoke(root.app, [*name.split(), *words, "--runs-dir", str(path)])
    assert isinstance(done.exception, MedtuiError), done.output
    assert "packed study can only be looked at" in str(done.exception)
    assert "zipfile -e" in done.exception.hint
    assert not (tmp_path / "cache").exists()


def test_the_application_opens_a_pack_to_look_only(small, tmp_path, monkeypatch):
    """It starts as with --read-only."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(root, "sys", SimpleNamespace(stdin=terminal, stdout=terminal))
    opened = []
    monkeypatch.setattr(
        "medtui.tui.launch.run_app", lambda folder, **options: opened.append((folder, options)) or 0
    )
    for path, is_read_only in (
        (packed(small, tmp_path / "a.zip"), True),
        (small.path.parent, False),
    ):
        CliRunner().invoke(root.app, ["--runs-dir", str(path)], catch_exceptions=False)
        folder, options = opened.pop()
        assert options["is_read_only"] == is_read_only
        assert (folder / "cells" / "preset.toml").is_file()


def test_a_run_that_is_computed_is_left_out_and_named(tmp_path, monkeypatch):
    """What is at rest is packed."""
    recorded = RecordedStudy(tmp_path / "runs", "live")
    recorded.reference()
    recorded.hold(recorded.run("prune-0.5", cycles=3, end=""))
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    try:
        words = ["runs", "pack", "live", "--runs-dir", tmp_path / "runs", "-o", tmp_path / "l.zip"]
        done = CliRunner().invoke(root.app, list(map(str, words)))
    finally:
        recorded.release()
    assert "left out: live/prune-0.5: running" in done.stderr
    manifest = read_manifest(tmp_path / "l.zip")
    assert manifest.left_out == ["live/prune-0.5: running"]
    assert "live/reference/result.json" in manifest.files
    assert not [name for name in manifest.files if name.startswith("live/prune-0.5/")]


def test_a_damaged_file_is_not_passed_on(medtui, study, tmp_path):
    """The file is named, and no pack is written."""
    path = study.run("prune-0.5").model
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(MedtuiError, match=r"prune-0\.5/model\.safetensors is damaged"):
        medtui("runs", "pack", "films")
    assert not list(tmp_path.glob("*.zip"))


def test_processes_and_trackers_stay_behind(study, tmp_path):
    """Locks, owners, requests, checkpoints, trackers and unknown files are in no pack."""
    run = study.run("prune-0.5")
    for name in ("lock", "owner-000001.json", "job.json", "stop.json", ".x.part", "mine.txt"):
        (run.path / name).write_text("{}")
    (run.checkpoint / "000001").mkdir(parents=True)
    (run.checkpoint / "000001" / "state.json").write_text("{}")
    with zipfile.ZipFile(packed(study, tmp_path / "a.zip")) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
        folders = {part for name in archive.namelist() for part in name.split("/")[2:-1]}
    assert names <= {
        "preset.toml", "provenance.json", "events.jsonl", "telemetry.jsonl", "split.jsonl",
        "model.safetensors", "predictions.npz", "changed.csv", "result.json", "worker.log",
        "note.txt", "supervisor.log", "ledger.jsonl", "pack.json",
    }  # fmt: skip
    assert folders - {"external"} == {path.name for path in run.external.iterdir()}


@pytest.mark.parametrize("call", ["medtui.sharing.packing._add", "os.fsync"])
def test_a_full_disk_leaves_the_former_pack(small, tmp_path, monkeypatch, call):
    """Nothing of the new one is left."""
    path = tmp_path / "cells.zip"
    path.write_bytes(b"former")
    monkeypatch.setattr(call, raise_no_space)
    with pytest.raises(OSError, match="disk is full"):
        packed(small, path)
    monkeypatch.undo()
    assert path.read_bytes() == b"former"
    assert not list(tmp_path.glob(".*"))


def test_a_killed_packer_leaves_no_pack(small, tmp_path):
    """What it has begun is deleted by the next one; what another one is writing is not."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from medtui.runs.folder import StudyFolder\n"
        "from medtui.sharing.members import Chosen, members_of\n"
        "from medtui.sharing.packing import PackContents, write_pack\n"
        "study = StudyFolder(Path(sys.argv[1]))\n"
        "members = members_of(Chosen(study, tuple(study.runs())))\n"
        "write_pack(Path(sys.argv[2]), PackContents([study.name], members),\n"
        "           lambda _: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    path = tmp_path / "cells.zip"
    done = subprocess.run([sys.executable, "-c", code, str(small.path), str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()
    (left,) = tmp_path.glob(".cells.zip.*.part")
    with packing._file_beside(path) as (_, live):
        packed(small, path)
        assert live.exists()
    assert not left.exists()
    assert open_pack(path)


def test_a_full_disk_leaves_nothing_unpacked(small, tmp_path, monkeypatch):
    """It is told with the pack's name; with room, the pack opens."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    path = packed(small, tmp_path / "cells.zip")
    with monkeypatch.context() as full:
        full.setattr("medtui.sharing.opening._extract", raise_no_space)
        with pytest.raises(MedtuiError, match=r"cells\.zip cannot be unpacked: The disk is full"):
            open_pack(path)
    assert not list((tmp_path / "cache" / "packs").iterdir())
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1))
        with pytest.raises(MedtuiError, match=r"needs .* unpacked"):
            open_pack(path)
    folder = open_pack(path)
    assert not os.access(folder / "cells" / "x", os.F_OK)
    assert (folder / "cells" / "preset.toml").stat().st_mode & 0o222 == 0


def test_a_folder_that_is_not_there_is_named(medtui, small):
    """The pack's own temporary file is not."""
    with pytest.raises(MedtuiError, match="missing is no folder"):
        medtui("runs", "pack", "cells", "-o", "missing/cells.zip")
