"""A compiled NVML stub, and a process to watch."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.scripted_nvml import TWO_GPUS, ScriptedNvml


@pytest.fixture(scope="session")
def stub_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the stub; return its folder."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("NO C COMPILER: NVML is tested through a stub that must be compiled")
    folder = tmp_path_factory.mktemp("nvml")
    source = Path(__file__).with_name("nvml_stub.c")
    output = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", output, source], check=True)
    return folder


@pytest.fixture
def nvml(stub_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedNvml:
    """Return an NVML with two GPUs, which this process's children load."""
    scripted = ScriptedNvml(stub_library, tmp_path / "nvml.script")
    scripted.say(TWO_GPUS)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for key in ("LD_LIBRARY_PATH", "NVML_STUB"):
        monkeypatch.setenv(key, scripted.environment[key])
    return scripted


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Yield an idle process to watch."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()
