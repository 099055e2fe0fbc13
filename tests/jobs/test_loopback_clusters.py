"""The clusters that tests start: placement on two nodes, and the loss of one."""

import subprocess
import sys

import pytest

from tests.helpers.waiting import wait_until

RAY_PROGRAM = """
import os, ray
ray.init(log_to_driver=False)

@ray.remote(num_cpus=1, num_gpus=1)
class Place:
    def name(self):
        labels = ray.get_runtime_context().get_node_labels()
        return labels["name"], os.environ["CUDA_VISIBLE_DEVICES"]

places = [Place.remote() for _ in range(2)]
print(sorted(ray.get([each.name.remote() for each in places])))
"""


def test_slurm_places_jobs_on_two_nodes_and_gives_them_gpus(slurm_cluster):
    """Each job has a GPU of its own; a node that is killed comes back."""
    folder = slurm_cluster.folder
    for number in range(2):
        slurm_cluster.ask(
            "sbatch", "--cpus-per-task=2", "--gres=gpu:1", f"--output={folder}/out-{number}",
            "--wrap", "echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES; sleep 600",
        )  # fmt: skip
    outputs = [folder / f"out-{number}" for number in range(2)]
    wait_until(lambda: all(each.exists() and each.read_text() for each in outputs), "two jobs")
    assert sorted(each.read_text().split() for each in outputs) == [["n1", "0"], ["n2", "0"]]
    slurm_cluster.kill_node("n2")
    slurm_cluster.heal()
    assert slurm_cluster.states() == {"n1": "idle", "n2": "idle"}


@pytest.mark.faults
def test_ray_places_actors_on_two_nodes_and_gives_them_gpus(ray_cluster):
    """The token lets the tests in; a node that is killed comes back."""
    ray_cluster.kill_raylet("n2")
    ray_cluster.heal()
    done = subprocess.run(
        [sys.executable, "-c", RAY_PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[('n1', '0'), ('n2', '0')]", done.stderr
