"""The benchmark of a study as a job: `python -m medtui.jobs.bench_job STUDY RUN...`.

It starts the process that measures, and writes its progress to the study's log. Imports no torch.
"""

import argparse
import signal
import sys
from pathlib import Path

from medtui.errors import MedtuiError
from medtui.jobs.benchmark import bench_here
from medtui.preset import parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import StudyFolder


def main() -> int:
    """Measure finished runs beside the study's reference; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m medtui.jobs.bench_job", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    study = StudyFolder(arguments.folder.resolve())
    requests = list[int]()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the connection may drop
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: requests.append(number))
    try:
        preset = parse_preset(read_text(study.preset), str(study.preset))
        runs = [study.run(name) for name in arguments.runs]
        bench_here(study, runs, preset, arguments.device, lambda: bool(requests))
    except MedtuiError as error:  # which the log has
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
