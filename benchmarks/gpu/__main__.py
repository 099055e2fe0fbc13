"""Command line of the check: progress on stderr, the report on stdout and in files.

Every part has a limit and all of them together `--minutes`; what there is no time for, and what the
device cannot do, is listed as skipped.
"""

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec
import torch

from benchmarks.gpu.parts import (
    compare_telemetry,
    device_conditions,
    measure_engine,
    measure_runs,
    run_study,
    run_tests,
)
from benchmarks.gpu.report import Part, Report, to_markdown
from medtui.engine.run.device import choose_device, device_name
from medtui.errors import MedtuiError

NO_GPU = "NO GPU: what only CUDA can run was not run."

CELLS = Path("build/gpu/malaria32.npz")
"""The malaria cells at 32 x 32 in a file of MedMNIST's layout; git ignores the folder."""

EIGHT_SCHEMES = (
    "Prune", "FilterPrune", "StructPrune", "PruneQuantize16", "Quantize16", "StructPruneQuantize16",
    "PruneQuantize32", "Quantize32",
)  # fmt: skip

_SETTINGS = (
    f"compress.schemes={list(EIGHT_SCHEMES)}",
    "compress.scratch=false",
    "lc.cycles=45",
    "compute.mode=fast",
)

_TINY_SETTINGS = (
    "compute.mode=fast", "compress.schemes=['Prune']", "compress.scratch=false", "data.limit=120",
    "reference.epochs=1", "lc.cycles=1", "lc.steps=1", "guard.finetune_epochs=0",
    "evaluate.bootstrap=20", "model.architecture=shufflenet_v2_x0_5",
)  # fmt: skip

_LEAST_S = 5.0
"""No part is started with less time."""


@dataclass(frozen=True)
class Check:
    """One part, what it needs and how long it may take."""

    name: str
    run: Callable[[float], Part]
    """Takes its limit in seconds."""
    limit_s: float
    missing: str = ""
    """Why it cannot run here, as a sentence; empty if it can."""


def checks(device: torch.device, cells: Path, *, tiny: bool) -> list[Check]:
    """Return all parts in the order of what one wants to know first."""
    is_gpu = device.type == "cuda"
    name = str(device)
    settings = _TINY_SETTINGS if tiny else _SETTINGS
    no_cells = "" if cells.is_file() else f"{cells} is missing: copy the malaria cells there."
    num_runs, seconds = (2, 0.1) if tiny else (8, 8.0)
    return [
        Check("tests", run_tests, 150, "" if is_gpu else NO_GPU),
        Check(
            "engine",
            lambda limit: measure_engine(name, limit, "tiny" * tiny),
            300 if tiny else 90,  # a CPU may be busy
        ),
        Check("telemetry", lambda _: compare_telemetry(), 30, "" if is_gpu else NO_GPU),
        Check(
            "runs",
            lambda limit: measure_runs(name, num_runs, seconds, limit, "tiny" * tiny),
            300 if tiny else 120,
        ),
        Check("study", lambda limit: run_study(name, cells, settings, limit), 240, no_cells),
    ]


def run_check(check: Check, left_s: float) -> Part:
    """Return a part's result; an error of it is its result, too."""
    if check.missing:
        return Part(check.name, "skipped", check.missing)
    if left_s < _LEAST_S:
        return Part(check.name, "skipped", "There was no time left.")
    began, limit = time.monotonic(), min(check.limit_s, left_s)
    try:
        part = check.run(limit)
    except subprocess.TimeoutExpired:
        part = Part(check.name, "failed", f"It took longer than {limit:.0f} s.")
    except (OSError, RuntimeError, MedtuiError, subprocess.SubprocessError) as error:
        part = Part(check.name, "failed", f"{type(error).__name__}: {error}".partition("\n")[0])
    return msgspec.structs.replace(part, seconds=time.monotonic() - began)


def conditions(device: torch.device) -> dict[str, str]:
    """Return the device, versions and command of this run."""
    return {
        "device": f"{device}, {device_name(device)}",
        **device_conditions(device),
        **{name: metadata.version(name) for name in ("torch", "torchvision", "condensa", "numpy")},
        "python": platform.python_version(),
        "command": " ".join(["python -m benchmarks.gpu", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> int:
    """Run the parts; return 1 if one failed."""
    arguments = _parser().parse_args()
    until = time.monotonic() + arguments.minutes * 60
    try:
        device = choose_device(arguments.device)
    except MedtuiError as error:
        print(f"error: {error.message}\n  {error.hint}", file=sys.stderr)
        return error.exit_code
    report = Report(conditions(device))
    for check in checks(device, arguments.cells, tiny=arguments.tiny):
        if arguments.only and check.name not in arguments.only:
            continue
        print(f"{check.name} ...", file=sys.stderr, flush=True)
        report.parts.append(run_check(check, until - time.monotonic()))
        _write(report, arguments.json, arguments.markdown)
    print(to_markdown(report), end="")
    return int(report.has_failed)


def _write(report: Report, json: Path | None, markdown: Path | None) -> None:
    """Write the files after each part, so that a machine that is taken away leaves its figures."""
    contents = {json: msgspec.json.encode(report), markdown: to_markdown(report).encode()}
    for path, content in contents.items():
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("--device", default="cuda:0", help="cuda:0, or cpu to test this program")
    parser.add_argument("--tiny", action="store_true", help="a few steps of a small network")
    parser.add_argument("--minutes", type=float, default=9.5, help="time for all parts [9.5]")
    parser.add_argument("--only", action="append", default=[], help="a part by name; repeatable")
    parser.add_argument("--cells", type=Path, default=CELLS, help=f"npz file of cells [{CELLS}]")
    parser.add_argument("--json", type=Path, help="file for the report as JSON")
    parser.add_argument("--markdown", type=Path, help="file for the report as Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
