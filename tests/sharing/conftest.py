"""A study full of names, and the command line in this process."""

import shutil

import pytest
from typer.testing import CliRunner

from medtui.cli.root import app
from medtui.runs.folder import StudyFolder
from tests.helpers.identifying_study import IdentifyingStudy, write_identifying_study


@pytest.fixture(scope="session")
def identifying(tmp_path_factory) -> IdentifyingStudy:
    """Return a finished study whose files name patients, images, folders and users."""
    return write_identifying_study(tmp_path_factory.mktemp("identifying") / "runs")


@pytest.fixture
def study(identifying, tmp_path) -> StudyFolder:
    """Return a copy of it."""
    shutil.copytree(identifying.study.path, tmp_path / "runs" / "films")
    return StudyFolder(tmp_path / "runs" / "films")


@pytest.fixture
def medtui(tmp_path, monkeypatch):
    """Return a function that calls the command line in an empty folder; errors are raised."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MEDTUI_CONFIG_DIR", str(tmp_path / "config"))

    def run(*words: object) -> str:
        done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run
