"""Studies for tests of evidence: made once for all of them, since they are trained."""

import shutil

import pytest
from typer.testing import CliRunner, Result

from medtui.cli.root import app
from medtui.evidence.gate import Gated, pass_gate
from medtui.evidence.plan import StatedPlan
from medtui.runs.folder import StudyFolder
from tests.helpers.sealed_study import PLAN, TwinStudies, run_twins


@pytest.fixture(scope="session")
def twins(tmp_path_factory) -> TwinStudies:
    """Two finished studies on the same data; no test changes them."""
    return run_twins(tmp_path_factory.mktemp("twins"))


@pytest.fixture(scope="session")
def opened_once(twins, tmp_path_factory) -> StudyFolder:
    """Return a copy of the sealed study that a gate has opened; no test changes it."""
    folder = tmp_path_factory.mktemp("opened")
    shutil.copytree(twins.sealed.path, folder / "sealed")
    (folder / "plan.toml").write_text(PLAN)
    study = StudyFolder(folder / "sealed")
    gate(study, StatedPlan(folder / "plan.toml"))
    return study


@pytest.fixture
def medtui(tmp_path, monkeypatch):
    """Return a function that calls the command line in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    return run


@pytest.fixture
def gated(opened_once, tmp_path) -> StudyFolder:
    """Return a copy of the opened study."""
    shutil.copytree(opened_once.path, tmp_path / "gated" / "sealed")
    return StudyFolder(tmp_path / "gated" / "sealed")


def gate(study: StudyFolder, stated: StatedPlan) -> Gated:
    """Let the compressed run pass the gate."""
    return pass_gate(
        study.run("prune-0.9"), stated, command=["medtui", "gate"], device="cpu",
        report=lambda _text: None,
    )  # fmt: skip
