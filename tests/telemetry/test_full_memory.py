"""Processes that use a GPU's memory, named where a run finds it full."""

import os

import pytest

from medtui.engine.run.out_of_memory import describe_out_of_memory
from tests.helpers.scripted_nvml import TWO_GPUS, ScriptedNvml

TOLD = (
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.00 GiB of "
    "which 1.20 GiB is free."
)


@pytest.mark.parametrize("visible", ["GPU-11111111-aaaa-bbbb-cccc-000000000000", "0"])
def test_other_processes_on_the_runs_gpu_are_named(
    nvml: ScriptedNvml, monkeypatch: pytest.MonkeyPatch, visible: str
) -> None:
    """Largest first; without this process and those on other GPUs."""
    gib = 1024**3
    nvml.say(f"0.processes {os.getpid()}:{8 * gib} 999999998:{gib} 1:{5 * gib}", TWO_GPUS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    sentence = describe_out_of_memory(TOLD)
    assert sentence.startswith("The GPU's memory is full: 2.5 GiB more were needed, 1.2 GiB of 79")
    first, second = sentence.partition("Other processes on it: ")[2].split("; ")
    assert "of root (pid 1) with 5 GiB" in first
    assert second == "a process (pid 999999998) with 1 GiB."
