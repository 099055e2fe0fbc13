"""What is read of a study of many runs, once and not for each of them."""

import shutil
from pathlib import Path

import pytest

from medtui.analysis import run_record
from medtui.analysis.baselines import baseline_of
from medtui.analysis.columns import column_named
from medtui.analysis.run_record import all_runs, read_run_records
from medtui.runs.folder import StudyFolder
from tests.helpers.paths import RECORDED


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """Return a runs folder with the recorded cells."""
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    return tmp_path


def test_the_baseline_of_a_run_is_found_without_a_look_at_all_runs(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing 500 runs for each of 500 takes minutes; controls are found by their names."""
    entries, _ = read_run_records(all_runs(runs_dir))
    monkeypatch.setattr(StudyFolder, "runs", lambda _: pytest.fail("all runs were listed"))
    compressed = [entry for entry in entries if entry.folder.is_compressed]
    assert {baseline_of(entry, entries).key for entry in compressed} == {"cells/reference"}  # type: ignore[union-attr]


def test_the_size_of_a_reference_is_read_once(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each compression is so many times smaller than the same file says."""
    entries, _ = read_run_records(all_runs(runs_dir))
    reads, read = [], run_record.read_result
    monkeypatch.setattr(run_record, "read_result", lambda each: reads.append(each) or read(each))
    smaller = column_named("smaller")
    assert sum(smaller.number(entry) is not None for entry in entries) > 1
    assert [each.name for each in reads] == ["reference"]


def test_controls_are_listed_in_planned_order(runs_dir: Path) -> None:
    """The same controls in the same order as among all runs."""
    for name in ("control-s1", "control", "control-s10"):
        shutil.copytree(runs_dir / "cells" / "reference", runs_dir / "cells" / name)
    study = StudyFolder(runs_dir / "cells")
    assert study.controls() == [run for run in study.runs() if run.is_control]
    assert len(study.controls()) == 3
