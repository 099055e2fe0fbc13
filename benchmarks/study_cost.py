"""CPU seconds of whole studies, from `medtui --run` to the last result, against an earlier commit.

Each arm runs the preset of its own checkout, with the same images, updates and settings; control
and network from scratch, which the earlier commit may not know, are left out. The earlier commit
runs first and last, and no table is printed where it differs from itself by more than a tenth.

    git worktree add --detach ../earlier d8cde9e
    python -m benchmarks.study_cost --before ../earlier --preset schemes --root cells.npz \
        --set data.limit=6000
"""

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36

_MAX_CONTROL = 0.1
"""Difference of the earlier commit from itself beyond which nothing is compared."""

_ONE_CORE = ("machine.workers=1", "machine.threads=1", "machine.reference_threads=1")

_EQUAL_WORK = ("compress.control=false", "compress.scratch=false", "lc.keep=cycle")
"""What presets of today do beyond those of the earlier commit."""

_HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Arm:
    """A checkout and the settings that it runs with."""

    name: str
    checkout: Path
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cost:
    """What an arm's study took."""

    cpu_seconds: float
    num_rounds: int
    """Epochs and cycles of all runs."""


def arms_of(before: Path) -> list[Arm]:
    """Return the arms in the order in which they run."""
    fast = (*_EQUAL_WORK, "compute.mode=fast")
    return [
        Arm("before", before),
        Arm("fast", _HERE, fast),
        Arm("fast, float32", _HERE, (*fast, "compute.precision=float32")),
        Arm("before again", before),
    ]


def measure(arm: Arm, preset: str, settings: list[str]) -> Cost:
    """Run a study and wait for all of its processes, also detached ones."""
    before = _cpu_seconds_of_children()
    with tempfile.TemporaryDirectory(prefix="medtui-cost-") as folder:
        chosen = [*settings, *_ONE_CORE, *arm.settings]
        subprocess.run(
            [
                sys.executable, "-m", "medtui", "--runs-dir", folder, "--quiet",
                "--run", str(arm.checkout / "presets" / f"{preset}.toml"),
                *(part for each in chosen for part in ("--set", each)),
            ],
            cwd=arm.checkout,
            env=os.environ | {"PYTHONPATH": str(arm.checkout), "OMP_WAIT_POLICY": "PASSIVE"},
            stdout=subprocess.DEVNULL,
            check=True,
        )  # fmt: skip
        _wait_for_orphans()
        rounds = _num_rounds(Path(folder))
    return Cost(_cpu_seconds_of_children() - before, rounds)


def _num_rounds(folder: Path) -> int:
    """Return the epochs and cycles that the runs' logs hold, as a check of equal work."""
    kinds = [
        json.loads(line)["event"]["kind"]
        for path in folder.glob("*/*/events.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return kinds.count("CycleEnded")


def _cpu_seconds_of_children() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _wait_for_orphans() -> None:
    """Wait for processes that outlived their parents, which this process has inherited."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def main() -> int:
    """Run the arms and print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.study_cost")
    parser.add_argument("--before", type=Path, required=True, help="checkout of the earlier commit")
    parser.add_argument("--preset", required=True, help="malaria or schemes")
    parser.add_argument("--root", type=Path, required=True, help="the preset's images")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    settings = [f"data.root={arguments.root.resolve()}", *arguments.set]
    found: dict[str, Cost] = {}
    for arm in arms_of(arguments.before.resolve()):
        cost = found[arm.name] = measure(arm, arguments.preset, settings)
        took = f"{cost.cpu_seconds:.1f} CPU s, {cost.num_rounds} epochs and cycles"
        print(f"{arm.name}: {took}", file=sys.stderr, flush=True)
    first, last = (found[name].cpu_seconds for name in ("before", "before again"))
    if not 1 / (1 + _MAX_CONTROL) <= last / first <= 1 + _MAX_CONTROL:
        print(f"error: before against itself is {last / first:.2f}", file=sys.stderr)
        return 1
    if len({each.num_rounds for each in found.values()}) > 1:
        print("error: the arms ran different numbers of epochs and cycles", file=sys.stderr)
        return 1
    print("| arm | CPU seconds | times less than before |\n| --- | --- | --- |")
    for name, cost in found.items():
        ratio = (first + last) / 2 / cost.cpu_seconds
        print(f"| {name} | {cost.cpu_seconds:.1f} | {ratio:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
