"""An undisturbed study, and workers that are forked quickly, for the tests of faults."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medtui.jobs.planning import plan_runs
from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.runs_dir import create_study
from tests.helpers.eager_workers import eager_python
from tests.helpers.paths import REPOSITORY
from tests.helpers.slurm_cluster import SlurmCluster
from tests.helpers.slurm_studies import JOBS_PRESET, make_study
from tests.helpers.zygote import PRESET, Zygote


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the library that makes file operations fail, or skip."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler, for the library that makes file operations fail")
    library = tmp_path_factory.mktemp("shim") / "disk_faults.so"
    source = REPOSITORY / "tests" / "helpers" / "disk_faults.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture(scope="session")
def zygote(shim: Path) -> Iterator[Zygote]:
    """Return the process that forks workers."""
    with Zygote(shim) as process:
        yield process


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> StudyFolder:
    """Return a study whose runs nobody disturbed."""
    preset = parse_preset(PRESET, "killed")
    study = create_study(tmp_path_factory.mktemp("oracle"), preset.name)
    study.preset.write_text(PRESET, encoding="utf-8")
    for run in plan_runs(study, preset):
        assert zygote.start(run).wait() == 0, run.worker_log.read_text()
    return study


@pytest.fixture
def prepare(oracle: StudyFolder, tmp_path: Path) -> Callable[[RunFolder], RunFolder]:
    """Return a function that plans a run of the oracle again, beside a finished reference."""

    def copy(original: RunFolder) -> RunFolder:
        study = StudyFolder(tmp_path / oracle.name)
        run = study.run(original.name)
        run.path.mkdir(parents=True)
        shutil.copy(oracle.preset, study.preset)
        shutil.copy(original.preset, run.preset)
        if not original.is_reference:
            shutil.copytree(oracle.reference.path, study.reference.path)
        return run

    return copy


@pytest.fixture(scope="session")
def undisturbed(
    zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], StudyFolder]:
    """Return a function that computes a study here, with so many cycles, one run at a time."""
    known = dict[int, StudyFolder]()

    def compute(cycles: int) -> StudyFolder:
        if cycles not in known:
            folder = tmp_path_factory.mktemp("undisturbed")
            study = make_study(folder, JOBS_PRESET.format(cycles=cycles), "jobs")
            for run in study.runs():
                assert zygote.start(run).wait() == 0, run.worker_log.read_text()
            known[cycles] = study
        return known[cycles]

    return compute


@pytest.fixture
def make_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slurm_cluster: SlurmCluster
) -> Callable[..., StudyFolder]:
    """Return a function that plans the same study for the cluster."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    folder = tmp_path / "bin"
    folder.mkdir()
    python = eager_python(folder)
    assert slurm_cluster

    def plan(cycles: int, replaced: tuple[str, str] = ("", "")) -> StudyFolder:
        jobs = f'scheduler = "slurm"\n[slurm]\npython = "{python}"\n'
        text = JOBS_PRESET.format(cycles=cycles).replace(*replaced)
        return make_study(tmp_path / "runs", text + jobs, "jobs")

    return plan
