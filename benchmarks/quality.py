"""Run the studies of `quality.md` one after the other, and print its tables from their results.

    python -m benchmarks.quality run OUT --root malaria32.npz [--before ../earlier] [--only NAME...]
    python -m benchmarks.quality tables OUT

Each study is a folder of OUT with its preset beside it. A finished study is not run again, and one
that was interrupted is resumed, so `run` can be called until all are there. Later studies take the
fast references of seeds 0 to 2 as given ones. One worker and one thread; CPU seconds are those of a
run's process, from its telemetry.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.quality_studies import GIVEN_SEEDS, HERE, Study, studies_of
from benchmarks.quality_tables import print_tables


def run(study: Study, out: Path) -> None:
    """Run or resume a study unless all of its results are there."""
    preset = out / f"{study.name}.toml"
    preset.write_text(study.preset, encoding="utf-8")
    done = out / f"{study.name}.done"
    if done.exists():
        return
    print(study.name, flush=True)
    env = os.environ | {"PYTHONPATH": str(study.checkout), "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, "-m", "medtui", "--runs-dir", str(out), "--quiet", "--run"]
    subprocess.run([*command, str(preset)], cwd=study.checkout, env=env, check=True)
    done.touch()


def run_other_pruner(out: Path, seed: int) -> None:
    """Prune and train by Torch-Pruning to the size of each finished run of a study of filters."""
    for run in sorted(out.glob(f"filters-s{seed}/filterprunegroup-*")):
        density = run.name.split("-")[1]
        found = out / f"torch-pruning-{density}-s{seed}"
        if (found / "measured.json").exists() or not (run / "result.json").exists():
            continue
        print(found.name, flush=True)
        command = [sys.executable, "-m", "benchmarks.magnitude_pruning", str(run)]
        subprocess.run([*command, "--seed", str(seed), "--out", str(found)], cwd=HERE, check=True)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality")
    parser.add_argument("what", choices=("run", "tables"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--before", type=Path, help="checkout of the earlier commit")
    parser.add_argument("--only", nargs="+", help="beginnings of the names of studies")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if arguments.what == "tables":
        print_tables(out)
        return
    if arguments.root is None:
        parser.error("--root names the npz file of cells")
    before = arguments.before.resolve() if arguments.before else None
    out.mkdir(parents=True, exist_ok=True)
    for study in studies_of(out, arguments.root.resolve(), before):
        if not arguments.only or study.name.startswith(tuple(arguments.only)):
            run(study, out)
    if not arguments.only or "torch-pruning" in arguments.only:
        for seed in GIVEN_SEEDS:
            run_other_pruner(out, seed)


if __name__ == "__main__":
    main()
