"""The packaged search preset on a few images, from start to end."""

import os
import subprocess
import sys

import pytest

from medtui.preset import load_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.search_record import read_search

SHIPPED = list(load_preset("search").search.scheme)

SHRUNK = (
    "data.card=demo", "data.root=", "data.limit=24", "reference.epochs=1",
    "reference.batch_size=12", "search.budget=3", "search.finalists=1", "search.probe_cycles=1",
    "search.low=0.4", "search.eps=0.9", "lc.cycles=2", "lc.steps=1", "lc.batch_size=8",
    "guard.finetune_epochs=1", "guard.recalibrate_images=8", "evaluate.bootstrap=20",
    "machine.device=cpu",
)  # fmt: skip


@pytest.mark.parametrize("schemes", [[SHIPPED[-1]], pytest.param(SHIPPED, marks=pytest.mark.slow)])
def test_the_shipped_search_runs_end_to_end(schemes, tmp_path):
    """Each scheme has a density at the end, and whole filters are removed."""
    shrunk = [*SHRUNK, f"search.scheme={schemes}"]
    done = subprocess.run(
        [sys.executable, "-m", "medtui", "--run", "search", *(f"--set={each}" for each in shrunk)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"MEDTUI_RUNS_DIR": str(tmp_path / "runs")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"search: at most {2 + 3 * len(schemes)} runs in runs/search" in done.stderr
    study = StudyFolder(tmp_path / "runs" / "search")
    record = read_search(study)
    assert record is not None
    assert [each.scheme for each in record.searches] == schemes
    assert all(each.is_over and each.best is not None for each in record.searches)
    for told, search in zip(
        done.stdout.splitlines()[-len(schemes) :], record.searches, strict=True
    ):
        assert told.startswith(f"{search.scheme}: density {search.best.density:.3g} has ")
    for run in study.runs():
        assert run.shrunk.is_file() == run.name.startswith("filterprunegroup")
