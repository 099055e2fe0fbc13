"""Studies whose numbers are recomputed: recorded ones, and two of this version."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.blank_figures import blank_figures
from tests.helpers.drawn_patients import run_studies
from tests.helpers.earlier_version import FIRST_VERSION
from tests.helpers.paths import RECORDED


@pytest.fixture(autouse=True, scope="module")
def _blank_figures() -> Iterator[None]:
    """Numbers alone are recomputed here."""
    with blank_figures():
        yield


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the data and the studies (`runs`) of this version, made once."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base  # of all xdist workers
    folder = shared / "drawn-patients"
    with (shared / "drawn-patients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            run_studies(folder)
            (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def study_folder(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Return a function that finds a study by its name."""
    recorded = {
        "cells": RECORDED / "cells", "films": RECORDED / "films",
        "first-version": FIRST_VERSION / "first-version",
    }  # fmt: skip

    def find(name: str) -> Path:
        return recorded.get(name) or request.getfixturevalue("drawn") / "runs" / name

    return find
