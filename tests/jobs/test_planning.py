"""Folders and presets of a study's runs, also of thousands."""

import errno
import os

import pytest

from medtui.jobs import planning
from medtui.preset import dump_preset, expand_grid, parse_preset, preset_for
from medtui.runs import atomic_file
from medtui.runs.atomic_file import publish_many
from medtui.runs.runs_dir import create_study
from medtui.storage.writing import FailedWrite

PRESET = """
name = "large"
[data]
card = "demo"
[compress]
schemes = ["Prune"]
densities = [0.3, 0.5]
control = false
seeds = {seeds}
"""


@pytest.mark.parametrize("num_seeds", [2, 60])
def test_a_run_has_the_preset_of_its_cell_however_many_there_are(tmp_path, monkeypatch, num_seeds):
    """Many are synced at once: each sync waits for the disk."""
    synced = list[int]()
    monkeypatch.setattr(os, "fsync", synced.append)
    preset = parse_preset(PRESET.format(seeds=list(range(num_seeds))), "large")
    study = create_study(tmp_path, "large")
    runs = planning.plan_runs(study, preset)
    cells = expand_grid(preset)
    assert len(runs) == 2 * num_seeds + 1
    for run, cell in zip(runs[1:], cells, strict=True):
        assert run.preset.read_text() == dump_preset(preset_for(preset, cell))
    assert bool(synced) is (num_seeds == 2)
    assert not list(study.path.rglob("*.part"))


def test_missing_presets_are_written_again_and_others_are_left(tmp_path):
    """A study may have been interrupted while it was planned."""
    preset = parse_preset(PRESET.format(seeds=[0, 1]), "large")
    study = create_study(tmp_path, "large")
    runs = planning.plan_runs(study, preset)
    whole = runs[2].preset.read_text()
    runs[1].preset.write_text("kept")
    runs[2].preset.unlink()
    planning.plan_runs(study, preset)
    assert [run.preset.read_text() for run in runs[1:3]] == ["kept", whole]


def test_a_disk_that_is_full_at_the_sync_leaves_no_file(tmp_path, monkeypatch):
    """Neither under its name nor beside it."""

    def fail(_folder: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_file, "_sync_file_system", fail)
    with pytest.raises(FailedWrite, match=r"The disk is full: .*a needs 1 B"):
        publish_many({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert not list(tmp_path.iterdir())


def test_many_files_are_written_where_the_system_syncs_all_file_systems(tmp_path, monkeypatch):
    """Outside of Linux there is no call for one of them."""
    synced = list[bool]()
    monkeypatch.setattr(os, "sync", lambda: synced.append(True))
    monkeypatch.setattr(atomic_file.ctypes, "CDLL", lambda *_, **__: object())
    publish_many({tmp_path / "a": b"1"})
    assert (tmp_path / "a").read_bytes() == b"1"
    assert synced == [True]
