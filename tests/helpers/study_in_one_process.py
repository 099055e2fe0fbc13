"""Carries studies out in one process: `python -m THIS RUNS PRESET...`.

A supervisor starts a process for each run, and each of them imports torch. Here all runs of all
studies share one, which makes small studies several times quicker.
"""

import sys
from pathlib import Path

from medtui import worker
from medtui.jobs.launcher import prepare_study
from medtui.jobs.planning import plan_runs
from medtui.preset import load_preset, parse_preset


def main() -> None:
    """Carry out the study of each preset."""
    runs_dir, *presets = sys.argv[1:]
    for path in presets:
        study = prepare_study(load_preset(path), Path(runs_dir))
        preset = parse_preset(study.preset.read_text(encoding="utf-8"), path)
        for run in plan_runs(study, preset):
            sys.argv = ["worker", str(run.path)]
            assert worker.main() == 0, run.path


if __name__ == "__main__":
    main()
