"""The command as a shell starts it, and a study at rest."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from medtui.runs.folder import StudyFolder
from tests.helpers.paths import REPOSITORY
from tests.helpers.small_study import record_study

Medtui = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def medtui(tmp_path: Path) -> Medtui:
    """Return a function that runs `medtui` with arguments in an empty folder."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "medtui", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Return a study at rest: the reference and one run are finished, one run has failed."""
    return record_study(tmp_path / "runs", "cells")
