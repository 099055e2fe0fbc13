"""Evaluates copies of a study, each killed at a change of a file and then evaluated again.

`python -m tests.helpers.killed_evaluation STUDY CARD FOLDER AT...`, with the library of disk faults
as `LD_PRELOAD` and `EVALUATION_SHIM`: for each AT a copy of the study in FOLDER/AT, whose first
evaluation is killed at that change of a file of the study. A line on stdout is the first exit
status; the second evaluation must succeed.
"""

import ctypes
import os
import shutil
import sys
from pathlib import Path

import torch

from medtui.engine.external.evaluation import Evaluation
from medtui.preset.external import ExternalSite
from medtui.runs.folder import StudyFolder


def main(study: Path, card: str, folder: Path, moments: list[str]) -> None:
    """Evaluate a copy for each moment, twice."""
    torch.set_num_threads(1)
    site = ExternalSite(name="clinic", card=card)
    for at in moments:
        copy = StudyFolder(folder / at / study.name)
        shutil.copytree(study, copy.path)
        sys.stdout.write(f"{_in_child(copy, site, at)}\n")
        sys.stdout.flush()
        assert _in_child(copy, site, "0") == 0


def _in_child(study: StudyFolder, site: ExternalSite, at: str) -> int:
    """Return the exit status of an evaluation in a process of its own."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.environ |= {"FAULT_FOLDER": str(study.path), "FAULT_AT": at}
            ctypes.CDLL(os.environ["EVALUATION_SHIM"]).fault_begin()
            for _ in Evaluation(site, torch.device("cpu")).run_all(study.runs()):
                pass
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
