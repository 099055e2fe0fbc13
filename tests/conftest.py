"""Fixtures that all tests share."""

import os
import secrets
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.helpers.paths import REPOSITORY

if TYPE_CHECKING:
    from medtui.runs.folder import StudyFolder
    from tests.helpers.grey_study import GreyRun
    from tests.helpers.ray_cluster import RayCluster
    from tests.helpers.slurm_cluster import SlurmCluster

# Matrices are small here: a second thread of OpenBLAS waits in a loop, and on a busy machine the
# tests of searches take five times the CPU time. It is read once, when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Ray reads these once, when it is imported: a process that imported it without the token cannot use
# the tests' cluster any more. Nothing is left of how the user's own Ray is set up.
for name in [name for name in os.environ if name.startswith("RAY_")]:
    del os.environ[name]
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

# The same examples in every run: a failure is of the change at hand, not of the day's luck.
# `pytest --hypothesis-profile=random` searches elsewhere.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("random", derandomize=False)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the snapshots of screens."""
    parser.addoption(
        "--update-snapshots",
        action="store_true",
        help="rewrite the files in tests/tui/snapshots instead of comparing with them",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test of a GPU where torch sees none."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("NO GPU: what only CUDA can run stays untested")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real images, or skip: a clone has none."""
    folder = Path(os.environ.get("MEDTUI_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "malaria32.npz").is_file():
        pytest.skip(f"no real images at {folder}; set MEDTUI_TEST_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def exportable(tmp_path_factory: pytest.TempPathFactory) -> "StudyFolder":
    """Return a study of tiny, finished runs; tests add exports and results."""
    from tests.helpers.exportable_study import write_study

    return write_study(tmp_path_factory.mktemp("exportable") / "runs")


@pytest.fixture(scope="session")
def grey_run(tmp_path_factory: pytest.TempPathFactory) -> "GreyRun":
    """Return a tiny, finished run on grey films; tests add exports and results."""
    from tests.helpers.grey_study import write_grey_run

    return write_grey_run(tmp_path_factory.mktemp("grey"))


@pytest.fixture(scope="session")
def _slurm_cluster() -> Iterator["SlurmCluster"]:
    from tests.helpers.slurm_cluster import SlurmCluster, why_no_slurm

    if reason := why_no_slurm():
        pytest.skip(reason)
    with SlurmCluster() as cluster:
        yield cluster


@pytest.fixture
def slurm_cluster(
    _slurm_cluster: "SlurmCluster", monkeypatch: pytest.MonkeyPatch
) -> Iterator["SlurmCluster"]:
    """Return two Slurm nodes on loopback without jobs, or skip; processes find them by itself."""
    monkeypatch.setenv("SLURM_CONF", str(_slurm_cluster.configuration))
    _slurm_cluster.heal()
    yield _slurm_cluster
    _slurm_cluster.heal()


@pytest.fixture(scope="session")
def _ray_cluster() -> Iterator["RayCluster"]:
    from tests.helpers.ray_cluster import RayCluster, why_no_ray

    if reason := why_no_ray():
        pytest.skip(reason)
    with RayCluster() as cluster:
        yield cluster


@pytest.fixture
def ray_cluster(_ray_cluster: "RayCluster", monkeypatch: pytest.MonkeyPatch) -> "RayCluster":
    """Return two Ray nodes on loopback, or skip; `RAY_ADDRESS` is theirs."""
    monkeypatch.setenv("RAY_ADDRESS", _ray_cluster.address)
    _ray_cluster.heal()
    return _ray_cluster


@pytest.fixture(autouse=True, scope="session")
def _signals_arrive() -> None:
    """Undo what `nohup` and a shell's background jobs hand down: programs that ignore signals."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _one_command_line() -> Iterator[None]:
    """Build the command line once; Typer does so for each call, which outlasts most verbs."""
    import typer.main

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def _own_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Keep runs, caches and configuration of tests out of the user's folders."""
    monkeypatch.setenv("MEDTUI_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MEDTUI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    yield
    log = tmp_path / "state" / "medtui" / "errors.log"
    if log.exists() and request.node.get_closest_marker("background_error") is None:
        pytest.fail(f"work in the background failed:\n{log.read_text(encoding='utf-8')}")
