"""What `doctor --scheduler` finds on the nodes of a cluster, and what it says about it."""

import fcntl
import subprocess

import pytest
from msgspec.structs import replace

from medtui import __version__
from medtui.cli.show.nodes import nodes_table
from medtui.doctor import nodes, slurm_partitions
from medtui.doctor.node_findings import Here, ProbedPlace, examine_place
from medtui.doctor.node_job import JobEnd, NodeJob, probe_command
from medtui.doctor.node_probe import HELD, NodeFacts, clock_offset, probe_node
from medtui.doctor.nodes import await_places
from medtui.doctor.slurm_partitions import probe_script, state_of_job
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import slurm_programs
from medtui.preset import parse_preset
from medtui.protocol.environment import TorchEnvironment
from medtui.runs.ownership.flock import try_flock
from tests.helpers.mini_study import mini_preset

TORCH = TorchEnvironment("2.9.0", "0.24.0", "13.0", "AVX2", 4, ["H200"], "0.5.0b0")
CPU_TORCH = replace(TORCH, gpus=[], built_for_cuda=None)
FACTS = NodeFacts("gpu1", "boot-2", "3.11.7", "/opt/medtui/bin/python", __version__, TORCH)
HERE = Here("boot-1", "3.11.9", 0.0)


def found_with(**changes: object):
    """Return the finding about a node that differs from a good one."""
    return examine_place(ProbedPlace("gpu", replace(FACTS, **changes), has_gpu=True), HERE)


def test_a_node_like_this_machine_is_fit():
    """Patch versions of Python may differ."""
    finding = found_with()
    assert (finding.level, finding.text, finding.remedy) == ("OK", "gpu1: can compute runs", "")
    assert finding.facts["locks"] == "across hosts"
    assert found_with(boot_id="boot-1").facts["locks"] == "same host"


@pytest.mark.parametrize(
    ("changes", "level", "said", "remedy"),
    [
        ({"medtui": "0.1.0"}, "failure", "medtui 0.1.0", "pip install medtui=="),
        ({"python": "3.12.1"}, "warning", "Python 3.12.1, here 3.11.9", "same version"),
        ({"torch": TorchEnvironment(problem="no torch there")}, "failure", "no torch", "install"),
        ({"torch": replace(TORCH, gpus=[])}, "failure", "finds no GPU", "gres"),
        (
            {"torch": replace(TORCH, gpus=[], built_for_cuda=None)},
            "failure",
            "without CUDA",
            "CUDA",
        ),
        ({"data_problem": "/data: No such file or directory"}, "failure", "/data", "same path"),
        ({"sees_locks": False}, "warning", "60 s", "locks for all hosts"),
        ({"clock_offset_s": -7.5}, "warning", "7.5 s behind", "NTP"),
    ],
)
def test_each_problem_has_its_level_and_remedy(changes, level, said, remedy):
    """A failure is what would end runs there."""
    finding = found_with(**changes)
    assert finding.level == level
    assert said in finding.text
    assert remedy in finding.remedy


def test_several_problems_are_one_finding_of_the_worst_level():
    """With all remedies."""
    finding = found_with(sees_locks=False, medtui="0.1.0")
    assert finding.level == "failure"
    assert "medtui 0.1.0" in finding.text
    assert "locks end" in finding.text


def test_a_job_that_waits_is_no_failure_and_one_that_ended_without_an_answer_is(
    tmp_path, monkeypatch
):
    """A job that waits too long is cancelled."""
    monkeypatch.setattr(nodes, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(nodes, "GRACE_SECONDS", 0.0)
    cancelled = []
    jobs = [
        NodeJob("full", "a", lambda: "Resources", lambda: cancelled.append("full")),
        NodeJob("broken", "b", lambda: JobEnd("No module named 'medtui'"), lambda: None),
    ]
    findings = [examine_place(each, HERE) for each in await_places(jobs, tmp_path, 0.0)]
    assert [each.level for each in findings] == ["warning", "failure"]
    assert "Resources" in findings[0].text
    assert "No module named 'medtui'" in findings[1].text
    assert cancelled == ["full"]


def test_the_table_has_a_row_for_each_place():
    """Also for one that did not answer."""
    silent = examine_place(ProbedPlace("debug", problem="no answer in time"), HERE)
    lines = nodes_table([found_with(), silent]).splitlines()
    assert lines[0].split() == [
        "place", "result", "host", "Python", "torch", "GPU", "medtui", "data", "locks", "clock",
    ]  # fmt: skip
    assert "1 x H200" in lines[1]
    assert lines[2].split()[:2] == ["debug", "failure"]


def test_the_probe_sees_locks_data_and_the_clock_of_the_file_system(tmp_path, monkeypatch):
    """A lock that another descriptor holds, as another host's; data that are missing are named."""
    monkeypatch.setattr("medtui.doctor.node_probe.read_torch_facts", lambda: TORCH)
    with (tmp_path / HELD).open("wb") as held:
        assert not probe_node(tmp_path, str(tmp_path)).sees_locks
        try_flock(held.fileno(), fcntl.LOCK_EX)
        facts = probe_node(tmp_path, "/absent/images")
    assert facts.sees_locks
    assert facts.data_problem == "/absent/images: No such file or directory"
    assert facts.clock_offset_s == 0.0
    monkeypatch.setattr("medtui.doctor.node_probe.time.time", lambda: 4e9)
    assert clock_offset(tmp_path) > 1e9


@pytest.mark.parametrize(
    ("listed", "said", "remedy", "is_cancelled"),
    [
        ("PENDING||PartitionDown", "the partition is down", "another slurm.partition", True),
        ("PENDING||PartitionTimeLimit", "shorter than the 10 minutes", "slurm.partition", True),
        ("PENDING||BadConstraints", "no node of the partition has all", "sinfo --Node", True),
        ("PENDING||PartitionConfig", "no node of the partition has all", "sinfo --Node", True),
        ("CANCELLED||None", "the job ended: CANCELLED", "install medtui", False),
        ("FAILED|n2|NonZeroExitCode", "the job ended on n2 (FAILED), but nothing", "--runs-dir",
         False),
        ("COMPLETED|n2|None", "the job ended on n2 (COMPLETED), but nothing", "--runs-dir", False),
    ],
)  # fmt: skip
def test_what_waiting_does_not_help_is_told_at_once(
    tmp_path, monkeypatch, listed, said, remedy, *, is_cancelled
):
    """By one sentence, with what to do about it."""
    cancelled, word = list[list[str]](), [listed]

    def call(command: list[str], *_: object, **__: object) -> str:
        return {"sinfo": "gpu\n", "sbatch": "7\n"}.get(command[0], word[0])

    def cancel(ids: list[str]) -> None:
        cancelled.append(ids)
        word[0] = "CANCELLED||None"

    monkeypatch.setattr(slurm_partitions, "call", call)
    monkeypatch.setattr(slurm_programs, "call", call)
    monkeypatch.setattr(slurm_partitions, "cancel", cancel)
    monkeypatch.setattr(nodes, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(nodes, "POLL_SECONDS", 0.02)
    preset = parse_preset(mini_preset(machine={"scheduler": "slurm"}), "test")
    jobs = slurm_partitions.start_in_partitions(preset, tmp_path, "")
    (place,) = await_places(jobs, tmp_path, 100.0)
    finding = examine_place(place, HERE)
    assert (finding.level, said in finding.text) == ("failure", True)
    assert remedy in finding.remedy
    assert cancelled == [["7"]] * is_cancelled


def test_a_job_is_waited_for_while_slurm_does_not_answer(tmp_path, monkeypatch):
    """And the sentence says why nothing comes."""

    def call(*_: object) -> str:
        raise EnvironmentProblem("squeue failed: Socket timed out.")

    monkeypatch.setattr(slurm_partitions, "call", call)
    said = state_of_job("7", tmp_path / "gpu.log")
    assert said == "Slurm does not answer: squeue failed: Socket timed out."
    monkeypatch.setattr(slurm_partitions, "call", lambda *_: "PENDING||Resources\n")
    assert state_of_job("7", tmp_path / "gpu.log") == "Resources"


def test_a_job_that_slurm_refuses_is_a_finding_with_its_remedy(tmp_path, monkeypatch):
    """Such as one with a feature that no node has."""

    def call(command: list[str], *_: object, **__: object) -> str:
        if command[0] == "sinfo":
            return "gpu\n"
        raise slurm_programs.explain("sbatch", "Invalid feature specification")

    monkeypatch.setattr(slurm_partitions, "call", call)
    monkeypatch.setattr(slurm_programs, "call", call)
    monkeypatch.setattr(nodes, "GRACE_SECONDS", 0.0)
    preset = parse_preset(mini_preset(machine={"scheduler": "slurm"}), "test")
    jobs = slurm_partitions.start_in_partitions(preset, tmp_path, "")
    (place,) = await_places(jobs, tmp_path, 0.0)
    finding = examine_place(place, HERE)
    assert finding.text == "sbatch failed: Invalid feature specification."
    assert "slurm.constraint" in finding.remedy


def test_the_script_of_a_partition_asks_for_what_a_run_asks_for(tmp_path):
    """And is a script for bash, whatever paths are."""
    asked = {"gres": "gpu:1", "cpus": 4, "setup": ["module load cuda || true"]}
    preset = parse_preset(mini_preset(machine={"scheduler": "slurm"}, slurm=asked), "test")
    script = probe_script(preset, tmp_path / "it's here", "/data/my images", "gpu")
    lines = script.splitlines()
    assert "#SBATCH --partition=gpu" in lines
    assert "#SBATCH --gres=gpu:1" in lines
    assert "#SBATCH --cpus-per-task=4" in lines
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_a_node_without_the_runs_folder_names_it(tmp_path):
    """In the last line of its output, which `doctor` shows."""
    missing = tmp_path / "runs"
    done = subprocess.run(
        probe_command(missing / ".medtui-doctor-1", "answer", ""),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == f"the runs folder {missing} is not there\n"
