"""kill -9 of an evaluation on another data set: it goes on where it stopped, to the same bits."""

import os
import random
import shutil
import signal
import subprocess
import sys

import numpy as np
import torch
from msgspec.structs import replace

from medtui.engine.external.evaluation import Evaluation
from medtui.preset.external import ExternalSite
from medtui.runs.external_record import ExternalResult, read_externals
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import read_ledger
from medtui.runs.verification import verify_study
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.paths import REPOSITORY
from tests.helpers.site_study import draw_films, write_film_study, write_single_part

MOST_CHANGES = 40
"""Changes of files of one evaluation of three runs, at least."""


def result_on(study: StudyFolder) -> list[ExternalResult]:
    """Return the results of a study's runs, without what every evaluation has of its own."""
    found = [read_externals(run) for run in study.runs()]
    assert not any(problems for _, problems in found)
    return [replace(each, seconds=0, written_at=0) for results, _ in found for each in results]


def test_a_killed_evaluation_goes_on_to_the_same_results(shim, tmp_path):
    """Killed at any change of a file: results, answers and the ledger are those of one undisturbed.

    What was complete is not computed again, and each result has one line in the ledger.
    """
    study, _ = write_film_study(tmp_path)
    card = write_single_part(tmp_path, "clinic", draw_films(np.random.default_rng(3), 30, "b"))
    oracle = StudyFolder(tmp_path / "oracle" / study.name)
    shutil.copytree(study.path, oracle.path)
    site = ExternalSite(name="clinic", card=str(card))
    list(Evaluation(site, torch.device("cpu")).run_all(oracle.runs()))
    rng = random.Random(0)
    moments = sorted(rng.sample(range(1, MOST_CHANGES), scaled(3, MOST_CHANGES - 1)))
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.killed_evaluation", study.path, card,
         tmp_path / "killed", *map(str, moments)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "LD_PRELOAD": str(shim),
                          "EVALUATION_SHIM": str(shim)},
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(-signal.SIGKILL)] * len(moments)
    for at in moments:
        killed = StudyFolder(tmp_path / "killed" / str(at) / study.name)
        assert result_on(killed) == result_on(oracle)
        assert {check.state for check in verify_study(killed)} <= {"ok", "not recorded"}
        looks = [look.run for look in read_ledger(killed).lines]
        assert sorted(looks) == sorted(look.run for look in read_ledger(oracle).lines)
        assert not list(killed.path.rglob("*.part"))
    note_figure("evaluation killed at a change of a file", kills=len(moments))
