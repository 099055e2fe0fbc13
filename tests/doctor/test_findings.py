"""Findings of the checks, on machines with and without problems."""

from pathlib import Path

import pytest

from medtui.doctor.finding import Finding
from medtui.doctor.machine import examine_disk, examine_gpus, examine_processor
from medtui.doctor.software import examine_condensa, examine_torch
from medtui.doctor.terminal import examine_terminal
from medtui.protocol.environment import TorchEnvironment
from medtui.telemetry import GpuProcess, GpuSample, Probe, ProbedGpu
from medtui.units import GIB

H200 = GpuSample(
    index=0, name="NVIDIA H200", memory_total_bytes=140 * GIB, memory_free_bytes=120 * GIB
)
WITH_GPU = Probe("550.54.15", "12.550", "12.4", [ProbedGpu(H200, [])])
WITHOUT_GPU = Probe(reason="NVML is not available: no NVIDIA driver is installed.")


def levels(findings) -> list[str]:
    """Return the levels in order."""
    return [finding.level for finding in findings]


def assert_has_remedy(finding: Finding) -> None:
    """Assert that a problem has a remedy."""
    assert finding.level == "OK" or finding.remedy, finding


def test_a_machine_without_gpus_has_no_problem():
    """Medtui uses the CPU, which is no problem."""
    assert levels(examine_gpus(WITHOUT_GPU)) == ["OK"]


def test_a_driver_that_does_not_answer_is_a_warning():
    """The finding states the reason."""
    (finding,) = examine_gpus(Probe(reason="NVML did not answer within 15 s."))
    assert finding.level == "warning"
    assert "did not answer" in finding.text
    assert_has_remedy(finding)


def test_other_peoples_processes_are_named():
    """Other users' processes make a warning with user, program and pid; own ones do not."""
    theirs = GpuProcess(7, "ada", "python", 31 * GIB, is_other_user=True)
    mine = GpuProcess(8, "me", "python", 5, is_other_user=False)
    shared = ProbedGpu(H200, [theirs, mine])
    _, finding = examine_gpus(Probe("1", "1", "12.4", [shared]))
    assert finding.level == "warning"
    assert finding.text.endswith("in use by ada, python, 31 GiB (pid 7)")
    _, alone = examine_gpus(Probe("1", "1", "12.4", [ProbedGpu(H200, [mine])]))
    assert alone.level == "OK"


@pytest.mark.parametrize(
    "gpu",
    [
        GpuSample(index=0, name="T4", memory_total_bytes=15 * GIB, memory_free_bytes=GIB),
        GpuSample(index=0, name="T4", missing={"memory_free_bytes": "GPU is lost"}),
    ],
)
def test_a_gpu_that_is_full_or_lost_is_a_warning(gpu):
    """A run on such a GPU would fail."""
    assert levels(examine_gpus(Probe("1", "1", "12.4", [ProbedGpu(gpu)]))) == ["OK", "warning"]


@pytest.mark.parametrize(
    ("facts", "probe", "level"),
    [
        (TorchEnvironment("2.14", gpus=["NVIDIA H200"]), WITH_GPU, "OK"),
        (TorchEnvironment("2.14"), WITHOUT_GPU, "OK"),
        (TorchEnvironment("2.14+cpu"), WITH_GPU, "failure"),
        (TorchEnvironment("2.14", built_for_cuda="13.0"), WITH_GPU, "failure"),
        (
            TorchEnvironment(problem="torch cannot be imported: no such file"),
            WITHOUT_GPU,
            "failure",
        ),
    ],
)
def test_torch_must_find_the_gpu_of_the_machine(facts, probe, level):
    """No GPU is no problem; a GPU that torch cannot use is a failure."""
    finding = examine_torch(facts, probe)
    assert finding.level == level
    assert_has_remedy(finding)


@pytest.mark.parametrize(
    ("version", "level"), [("0.5.0b0", "OK"), ("0.6", "warning"), ("", "failure")]
)
def test_another_condensa_is_a_warning(version, level):
    """The engine reimplements the loop of one version."""
    finding = examine_condensa(TorchEnvironment("2.14", condensa=version))
    assert finding.level == level
    assert_has_remedy(finding)


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({}, "OK"),
        ({"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1"}, "OK"),
        ({"OMP_WAIT_POLICY": "active"}, "warning"),
        ({"OMP_NUM_THREADS": "4096"}, "warning"),
        ({"OMP_PROC_BIND": "close"}, "warning"),
        ({"OMP_PROC_BIND": "false"}, "OK"),
    ],
)
def test_openmp_settings_that_waste_cores_are_warnings(environment, level):
    """Spinning threads, too many threads, threads pinned to the same cores."""
    finding = examine_processor(environment)
    assert finding.level == level
    assert_has_remedy(finding)


def test_a_disk_is_checked_where_the_folder_will_be_created(tmp_path):
    """The check of a folder that does not exist creates nothing."""
    finding = examine_disk("Disk", tmp_path / "not" / "yet", "elsewhere")
    assert finding.facts["free_bytes"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_failure():
    """No user can write into /proc, root included."""
    finding = examine_disk("Disk", Path("/proc/runs"), "elsewhere")
    assert finding.level == "failure"
    assert finding.remedy == "elsewhere"


def test_no_terminal_is_no_problem():
    """Output to a pipe is OK."""
    assert levels(examine_terminal({"TERM": "dumb"})) == ["OK"]
