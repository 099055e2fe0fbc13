"""Compare fast with exact mode on one and two threads, in wall time and in CPU time, in turns.

    python -m benchmarks.fast_and_exact --root malaria32.npz [--rounds 2] [--beside 8]

Each arm trains a reference for one epoch on 4,000 images and compresses it by
Prune, three cycles of 40 steps of 64 images. `--beside` starts so many processes that compute
without end. The seconds are those of the runs by their results, the CPU seconds those of their
processes by telemetry.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.quality_tables import find

_PRESET = """
schema = 2
name = "study"

[data]
card = "medmnist"
root = "{root}"
limit = 4000

[reference]
epochs = 1
batch_size = 64

[compress]
schemes = ["Prune"]
densities = [0.5]
control = false

[lc]
cycles = 4
steps = 40
batch_size = 64

[compute]
mode = "{mode}"

[machine]
workers = 1
threads = {threads}
reference_threads = {threads}
"""

_HERE = Path(__file__).resolve().parents[1]
_ARMS = (("exact", 1), ("fast", 1), ("exact", 2), ("fast", 2))


def measure(root: Path, mode: str, threads: int) -> tuple[float, float]:
    """Return wall and CPU seconds of a study's two runs."""
    with tempfile.TemporaryDirectory(prefix="medtui-modes-") as folder:
        preset = Path(folder) / "study.toml"
        text = _PRESET.format(root=root, mode=mode, threads=threads)
        preset.write_text(text, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "medtui", "--runs-dir", folder, "--quiet", "--run", str(preset)],
            cwd=_HERE, env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}, check=True,
        )  # fmt: skip
        found = [find(Path(folder), "study", run) for run in ("reference", "prune-0.5")]
        runs = [run for run in found if run is not None]
        return sum(run.result.seconds for run in runs), sum(run.cpu_seconds for run in runs)


def main() -> None:
    """Run the arms forwards and backwards, and print a table of medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fast_and_exact")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--beside", type=int, default=0)
    arguments = parser.parse_args()
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(arguments.beside)
    ]
    found: dict[tuple[str, int], list[tuple[float, float]]] = {arm: [] for arm in _ARMS}
    try:
        for number in range(arguments.rounds):
            for arm in _ARMS if number % 2 == 0 else reversed(_ARMS):
                found[arm].append(measure(arguments.root.resolve(), *arm))
                print(*arm, found[arm][-1], os.getloadavg()[0], file=sys.stderr, flush=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    print("| mode | threads | seconds | CPU seconds |\n| --- | --- | --- | --- |")
    for (mode, threads), measured in found.items():
        wall, cpu = (median(each) for each in zip(*measured, strict=True))
        print(f"| {mode} | {threads} | {wall:.1f} | {cpu:.1f} |")


if __name__ == "__main__":
    main()
