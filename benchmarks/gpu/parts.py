"""The parts of the check that run in processes of their own."""

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import msgspec
import torch

from benchmarks.gpu.report import Figure, Part
from medtui.telemetry import probe_safely

REPOSITORY = Path(__file__).resolve().parents[2]

GOAL_EIGHT_RUNS = 500_000
"""Images a second of eight runs on one GPU, at batch 128 and 32 pixels."""

GOAL_STUDY_S = 120.0
"""Seconds of eight schemes x 45 cycles on the malaria cells."""

_CLOSE_MIB = 64
"""Memory may change between two readings."""

_SMI_FIELDS = ("index", "uuid", "name", "memory.used", "utilization.gpu", "power.draw")


def run_tests(limit_s: float) -> Part:
    """Run the tests that are marked `gpu`."""
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "-p", "no:cacheprovider"]
    done = _run(command, limit_s)
    lines = done.stdout.strip().splitlines()
    if done.returncode == 0:
        return Part("tests", notes=lines[-1:])
    return Part("tests", "failed", " ".join(lines[-12:]))


def measure_engine(device: str, limit_s: float, tiny: str = "") -> Part:
    """Measure the engine in a process of its own, which can be ended."""
    command = [sys.executable, "-m", "benchmarks.gpu.throughput", device, "engine"]
    done = _run([*command, *filter(None, [tiny])], limit_s)
    if done.returncode:
        return Part("engine", "failed", " ".join(done.stderr.strip().splitlines()[-6:]))
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Part)


def measure_runs(
    device: str, num_runs: int, seconds: float, limit_s: float, tiny: str = ""
) -> Part:
    """Train in several processes at once, each as one run; they begin together.

    Every process has its own CUDA context, and the GPU takes turns among them.
    """
    command = [sys.executable, "-m", "benchmarks.gpu.throughput", device, f"{seconds:g}"]
    until = time.monotonic() + limit_s
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, *filter(None, [tiny])], cwd=REPOSITORY, text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )
            )
            for _ in range(num_runs)
        ]  # fmt: skip
        stack.callback(_kill, children)
        # One that hangs before it is ready ends then, and is read as one that did not start.
        alarm = Timer(limit_s, _kill, [children])
        stack.callback(alarm.cancel)
        alarm.start()
        for child in children:
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                return Part("runs", "failed", f"One of {num_runs} runs did not start.")
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        telemetry = _readings() if device.startswith("cuda") else []
        rates = []
        for child in children:
            out, _ = child.communicate(timeout=max(1.0, until - time.monotonic()))
            if child.returncode:
                return Part("runs", "failed", f"One of {num_runs} runs failed.")
            rates.append(float(out))
    is_goal = device.startswith("cuda") and not tiny
    total = Figure(
        f"images trained a second, {num_runs} runs in processes of their own", sum(rates), "",
        GOAL_EIGHT_RUNS if is_goal else None,
    )  # fmt: skip
    return Part("runs", figures=[total, Figure("slowest of them", min(rates), ""), *telemetry])


def _kill(children: Sequence[subprocess.Popen[str]]) -> None:
    for child in children:
        child.kill()


def _readings() -> list[Figure]:
    """Return what medtui's telemetry and nvidia-smi say while the runs compute."""
    time.sleep(1.0)  # a utilisation is of the time before it is asked for
    figures = []
    for where, values in (("medtui", _by_medtui()), ("nvidia-smi", _by_smi())):
        for number, each in enumerate(values):
            figures += [
                Figure(f"{what} of GPU {number} by {where}", value, unit)
                for what, value, unit in each
            ]
    return figures


def compare_telemetry() -> Part:
    """Compare names and memory of the GPUs with nvidia-smi's."""
    if any(each.gpu.is_mig for each in probe_safely().gpus):
        return Part("telemetry", "skipped", "nvidia-smi has no such values of MIG instances.")
    ours, theirs = _by_medtui(), _by_smi()
    part = Part("telemetry")
    if len(ours) != len(theirs):
        part.state, part.reason = (
            "failed",
            f"medtui sees {len(ours)} GPUs, nvidia-smi {len(theirs)}.",
        )
        return part
    for number, (left, right) in enumerate(zip(ours, theirs, strict=True)):
        for (what, mine, unit), (_, other, _) in zip(left, right, strict=True):
            part.figures.append(Figure(f"{what} of GPU {number}, medtui", mine, unit))
            part.figures.append(Figure(f"{what} of GPU {number}, nvidia-smi", other, unit))
            if what == "memory used" and abs(mine - other) > _CLOSE_MIB:
                part.state = "failed"
                part.reason = f"GPU {number}: memory differs by {abs(mine - other):.0f} MiB."
    return part


def _by_medtui() -> list[list[tuple[str, float, str]]]:
    gpus = [each.gpu for each in probe_safely().gpus if not each.gpu.is_mig]
    return [
        [
            ("memory used", (gpu.memory_used_bytes or 0) / 2**20, "MiB"),
            ("utilisation", float(gpu.gpu_percent or 0), "%"),
            ("power", gpu.power_w or 0.0, "W"),
        ]
        for gpu in gpus
    ]


def _by_smi() -> list[list[tuple[str, float, str]]]:
    query = f"--query-gpu={','.join(_SMI_FIELDS)}"
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    rows = list(csv.reader(out.splitlines(), skipinitialspace=True))
    return [
        [("memory used", _number(row[3]), "MiB"), ("utilisation", _number(row[4]), "%"),
         ("power", _number(row[5]), "W")]
        for row in rows
    ]  # fmt: skip


def _number(text: str) -> float:
    """Return a value of nvidia-smi; 0 for `[N/A]`."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def run_study(device: str, cells: Path, settings: Sequence[str], limit_s: float) -> Part:
    """Run the preset `schemes` on cells in an npz file; report its time and its accuracies."""
    part = Part("study")
    with tempfile.TemporaryDirectory(prefix="medtui-gpu-") as folder:
        command = [sys.executable, "-m", "medtui", "--runs-dir", folder]
        overrides = [f"data.root={cells}", *settings]
        run = [*command, "--device", device, "--run", "schemes", "--quiet"]
        for each in overrides:
            run += ["--set", each]
        began = time.monotonic()
        done = _run(run, limit_s)
        seconds = time.monotonic() - began
        if done.returncode:
            return Part("study", "failed", " ".join(done.stderr.strip().splitlines()[-8:]))
        listed = _run([*command, "runs", "list", "--json"], 60).stdout
    is_goal = device.startswith("cuda") and any("cycles=45" in each for each in settings)
    goal = GOAL_STUDY_S if is_goal else None
    part.figures.append(Figure("the whole study", seconds, "s", goal, is_most=True))
    for row in map(_decoder.decode, listed.splitlines()):
        if row.result is None:
            part.state, part.reason = "failed", f"{row.run} has no result."
            continue
        accuracy = (row.result.test.metrics["accuracy"] or 0.0) * 100
        part.figures += [
            Figure(f"{row.run}, test accuracy", accuracy, "%"),
            Figure(f"{row.run}, computing", row.result.seconds, "s"),
        ]
    return part


class _Split(msgspec.Struct):
    metrics: dict[str, float | None]


class _Result(msgspec.Struct):
    test: _Split
    seconds: float


class _Row(msgspec.Struct):
    """The part of a line of `medtui runs list --json` that is read."""

    run: str
    result: _Result | None


_decoder = msgspec.json.Decoder(_Row)


def device_conditions(device: torch.device) -> dict[str, str]:
    """Return the GPU's properties that a measurement depends on."""
    if device.type != "cuda":
        return {}
    properties = torch.cuda.get_device_properties(device)
    return {
        "GPU memory": f"{properties.total_memory / 2**30:.0f} GiB",
        "multiprocessors": str(properties.multi_processor_count),
        "CUDA": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call] # torch's own
        "driver": str(probe_safely().driver_version),
    }


def _run(command: Sequence[str], limit_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(command), cwd=REPOSITORY, capture_output=True, text=True, check=False,
        timeout=max(1.0, limit_s),
    )  # fmt: skip
