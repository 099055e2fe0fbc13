"""The check of a GPU, on a CPU: its parts, its limits and its report."""

import subprocess
import sys

import msgspec
import pytest
import torch

from benchmarks.gpu import __main__ as gpu
from benchmarks.gpu import parts as gpu_parts
from benchmarks.gpu import throughput
from benchmarks.gpu.report import Figure, Part, Report, to_markdown
from benchmarks.gpu.workload import TINY
from medtui.engine.lc import fast_mode
from medtui.engine.lc.fused_sgd import advance


def ran(check_run, *, left_s: float = 60.0, missing: str = "") -> Part:
    """Return the result of one part."""
    return gpu.run_check(gpu.Check("one", check_run, 30.0, missing), left_s)


def test_the_program_measures_the_engine_and_names_what_it_skips(monkeypatch, tmp_path, capsys):
    """In its tiny form; JSON and Markdown hold the same figures."""
    monkeypatch.setattr(fast_mode, "compile_advance", lambda _: advance)
    monkeypatch.setattr(
        gpu, "measure_engine", lambda *_: throughput.measure_engine(torch.device("cpu"), TINY)
    )
    files = [tmp_path / "out" / name for name in ("report.json", "report.md")]
    parts = [
        word for name in ("tests", "engine", "telemetry", "study") for word in ("--only", name)
    ]
    monkeypatch.setattr(sys, "argv", [
        "gpu", "--device", "cpu", "--tiny", "--cells", str(tmp_path / "none.npz"), *parts,
        "--json", str(files[0]), "--markdown", str(files[1]),
    ])  # fmt: skip
    assert gpu.main() == 0
    report = msgspec.json.decode(files[0].read_bytes(), type=Report)
    states = {part.name: part.state for part in report.parts}
    assert states == {
        "tests": "skipped", "engine": "done", "telemetry": "skipped", "study": "skipped"
    }  # fmt: skip
    assert "NO GPU" in report.parts[0].reason
    assert "none.npz is missing" in report.parts[3].reason
    assert len(report.parts[1].figures) == 9
    assert all(figure.value > 0 for figure in report.parts[1].figures)
    assert files[1].read_text(encoding="utf-8") == to_markdown(report) == capsys.readouterr().out


def test_a_part_that_fails_or_lasts_too_long_is_reported_and_the_rest_goes_on():
    """Its error is its result; what there is no time for is skipped."""

    def failing(_: float) -> Part:
        raise RuntimeError("CUDA error: out of memory\nmore")

    def lasting(limit: float) -> Part:
        raise subprocess.TimeoutExpired("medtui", limit)

    assert ran(failing).reason == "RuntimeError: CUDA error: out of memory"
    assert ran(lasting, left_s=12.0).reason == "It took longer than 12 s."
    assert ran(failing, left_s=1.0).state == "skipped"
    assert ran(failing, missing="There is no GPU.") == Part("one", "skipped", "There is no GPU.")
    assert Report({}, [ran(failing)]).has_failed


def test_a_run_that_never_starts_is_ended_at_its_limit(monkeypatch):
    """And the others with it; nothing is left behind."""
    started, popen = [], subprocess.Popen

    def hanging(_, **options):
        child = popen([sys.executable, "-c", "import time; time.sleep(600)"], **options)
        started.append(child)
        return child

    monkeypatch.setattr(gpu_parts.subprocess, "Popen", hanging)
    part = gpu_parts.measure_runs("cpu", 2, 0.1, 0.5)
    assert (part.state, part.reason) == ("failed", "One of 2 runs did not start.")
    assert all(child.returncode is not None for child in started)


@pytest.mark.parametrize(
    ("value", "is_most", "verdict"),
    [
        (2.0, False, "reached"),
        (0.5, False, "missed"),
        (2.0, True, "missed"),
        (1.0, True, "reached"),
    ],
)
def test_a_goal_is_a_least_or_a_most(value, is_most, verdict):
    """Rates should be at least their goal, times at most."""
    assert Figure("what", value, "s", 1.0, is_most=is_most).verdict == verdict
    assert Figure("what", value, "s").verdict == ""
