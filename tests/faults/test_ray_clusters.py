"""Clusters that refuse a process, and another cluster beside the tests' own."""

import os
import subprocess
import sys

import pytest

from tests.helpers.ray_cluster import RayCluster

pytestmark = pytest.mark.faults

CONNECT = """
import sys
import ray
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.ray_connection import connect
_, address, ray.__version__ = sys.argv
try:
    connect(address)
except EnvironmentProblem as problem:
    print(problem.message, problem.hint, sep="|")
"""


def explained_by(cluster, version: str, **environment: str) -> tuple[str, str]:
    """Return message and hint for a process that a cluster does not accept."""
    done = subprocess.run(
        [sys.executable, "-c", CONNECT, cluster.address, version],
        capture_output=True, text=True, check=True, env=os.environ | environment,
    )  # fmt: skip
    assert "gcs_client" not in done.stderr
    message, _, hint = done.stdout.strip().partition("|")
    return message, hint


def test_another_token_is_explained(ray_cluster):
    """Ray itself would name the address alone."""
    import ray

    message, hint = explained_by(ray_cluster, ray.__version__, RAY_AUTH_TOKEN="0" * 64)
    assert message.endswith("cannot be used: it does not accept this process's token.")
    assert "RAY_AUTH_TOKEN_PATH" in hint


def test_a_token_that_is_missing_is_named(ray_cluster, tmp_path):
    """With where it was looked for."""
    import ray

    missing = {"RAY_AUTH_TOKEN": "", "RAY_AUTH_TOKEN_PATH": str(tmp_path / "none")}
    message, hint = explained_by(ray_cluster, ray.__version__, **missing)
    assert str(tmp_path / "none") in message
    assert "RAY_AUTH_MODE=token" in hint


def test_another_version_is_explained(ray_cluster):
    """In one sentence, with both."""
    import ray

    message, hint = explained_by(ray_cluster, "2.52.0")
    assert f"it has Ray: {ray.__version__} and Python: " in message
    assert "this process Ray: 2.52.0" in message
    assert "same versions" in hint


PLACES = """
import sys, ray
ray.init("auto", log_to_driver=False)
names = sorted({node["NodeName"] for node in ray.nodes() if node["Alive"]})
print(*names, ray.get_runtime_context().gcs_address)
"""


def test_a_cluster_beside_is_left_alone(ray_cluster):
    """Each has its own nodes and token, though they are on one host."""
    with RayCluster(token="0" * 64) as other:
        for cluster, token in ((ray_cluster, os.environ["RAY_AUTH_TOKEN"]), (other, "0" * 64)):
            cluster.kill_raylet("n1")
            cluster.heal()
            own = {"RAY_ADDRESS": cluster.address, "RAY_AUTH_TOKEN": token}
            done = subprocess.run(
                [sys.executable, "-c", PLACES], env=os.environ | own, capture_output=True,
                text=True, check=False,
            )  # fmt: skip
            names, _, address = done.stdout.strip().rpartition(" ")
            assert names == "head n1 n2", done.stderr
            assert address.endswith(cluster.address.rpartition(":")[2])
