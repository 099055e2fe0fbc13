"""A study with a search: the recorded cells, with two probes and what the search came to."""

import shutil
from pathlib import Path

import msgspec

from medtui.runs.folder import StudyFolder
from medtui.runs.result import read_result, write_result
from medtui.runs.search_record import (
    SearchCurve,
    SearchOutcome,
    SearchRecord,
    SearchSample,
    write_search,
)
from tests.helpers.paths import RECORDED

PROBES = ("prune-0.2-probe", "prune-0.05-probe")


def write_searched_study(runs_dir: Path) -> StudyFolder:
    """Write the study `cells`, whose search of Prune chose 0.1 after two probes of two cycles."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    study = StudyFolder(runs_dir / "cells")
    for name in PROBES:
        density = float(name.split("-")[1])
        shutil.copytree(study.run("prune-0.1").path, study.run(name).path)
        result = read_result(study.run(name))
        assert result is not None
        told = msgspec.structs.replace(result, run=name, density=density, num_cycles=2)
        write_result(study.run(name), told)
    write_search(study, SearchRecord([_outcome()]))
    return study


def _outcome() -> SearchOutcome:
    return SearchOutcome(
        scheme="Prune", metric="accuracy", is_share=True, objective="size",
        method="gaussian-process", eps=0.02, sigmas=1.64, budget=3, reference=0.9,
        samples=[
            _sample("prune-0.2-probe", 0.2, 0.89, is_feasible=True),
            _sample("prune-0.05-probe", 0.05, 0.4, is_feasible=False),
            _sample("prune-0.1", 0.1, 0.895, is_feasible=True),
        ],
        curve=SearchCurve([0.05, 0.1, 0.2, 1], [0.85, 0.893, 0.897, 0.9], [0.02, 0.004, 0.004, 0]),
        chosen="prune-0.1", reason="budget spent",
    )  # fmt: skip


def _sample(run: str, density: float, metric: float, *, is_feasible: bool) -> SearchSample:
    return SearchSample(
        run, density, run.endswith("-probe"), metric, 0.004, is_feasible, 1 / density,
        is_free=False,
    )  # fmt: skip
