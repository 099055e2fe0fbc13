"""An NVML whose answers a file scripts, and programs that read it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medtui.telemetry import GpuSample, Probe

TWO_GPUS = """\
count 2
0.name NVIDIA H200
0.uuid GPU-11111111-aaaa-bbbb-cccc-000000000000
0.memory 30000000000 120000000000 150000000000
0.utilisation 87 41
0.power 512345
0.power_limit 700000
0.temperature 61
0.sm_clock 1755
0.max_sm_clock 1980
0.memory_clock 3201
0.throttles 0x24
0.processes 4242:20000000000 4243:1000000000
1.name NVIDIA A100-PCIE-40GB
1.uuid GPU-22222222-aaaa-bbbb-cccc-000000000000
1.memory 1000 39000 40000
1.utilisation 0 0
1.power 34000
1.power_limit 250000
1.temperature 30
1.sm_clock 210
1.max_sm_clock 1410
1.memory_clock 1215
1.throttles 0x1
1.processes 4244:1000
"""

MIG_GPU = """\
count 1
0.name NVIDIA A100-SXM4-40GB
0.uuid GPU-33333333-aaaa-bbbb-cccc-000000000000
0.memory 5000 35000 40000
0.mig 7
0.m0.name NVIDIA A100-SXM4-40GB MIG 1g.5gb
0.m0.uuid MIG-aaaaaaaa-0000-0000-0000-000000000000
0.m0.memory 1000 4000 5000
0.m0.processes 4242:900
0.m2.name NVIDIA A100-SXM4-40GB MIG 3g.20gb
0.m2.uuid MIG-bbbbbbbb-0000-0000-0000-000000000000
0.m2.memory 2000 18000 20000
0.m2.processes 4243:1900
"""


class Reading(msgspec.Struct):
    """One reading of NVML in a process of its own."""

    state: str
    gpus: list[GpuSample]


@dataclass
class ScriptedNvml:
    """`libnvidia-ml.so.1` whose answers are in a file."""

    library: Path
    """The folder it lies in."""
    script: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in order to load it."""
        ours = {"LD_LIBRARY_PATH": str(self.library), "NVML_STUB": str(self.script)}
        clean = {key: value for key, value in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
        return clean | ours

    def say(self, *lines: str) -> None:
        """Replace the script at once, also under a process that is reading it; first lines win."""
        beside = self.script.with_suffix(".new")
        beside.write_bytes("\n".join(lines).encode("latin-1"))
        beside.replace(self.script)

    def read(self, visible: str | None = None, pids: tuple[int, ...] = ()) -> Reading:
        """Read all GPUs once, in a process of its own."""
        program = (
            "import msgspec, sys; from medtui.telemetry.nvml.session import NvmlSession;"
            f"reading = NvmlSession({visible!r}).read({pids!r});"
            "sys.stdout.buffer.write(msgspec.json.encode(reading))"
        )
        return msgspec.json.decode(self.run("-c", program), type=Reading)

    def probe(self) -> Probe:
        """Probe as `doctor` does."""
        return msgspec.json.decode(self.run("-m", "medtui.telemetry.gpu_probe"), type=Probe)

    def run(self, *arguments: str) -> bytes:
        """Run Python with this NVML and give what it prints."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, check=True
        ).stdout
