"""Two studies on the same drawn cells: one whose test is open, and one whose test is sealed."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from medtui.runs.folder import StudyFolder
from tests.helpers.drawn_patients import write_cells
from tests.helpers.paths import REPOSITORY

PLAN = """\
schema = 1
name = "release 2"
note = "Margins agreed on with the clinic."
against = "control"

[whole]
margin = 0.3

[[groups]]
by = "sex"
margin = 0.4

[[classes]]
name = "sick"
margin = 0.5
"""


@dataclass(frozen=True)
class TwinStudies:
    """Studies that differ in the seal of test alone."""

    runs_dir: Path
    open: StudyFolder
    sealed: StudyFolder


def run_twins(folder: Path) -> TwinStudies:
    """Draw the cells, and carry both studies out in one process."""
    preset = write_cells(folder / "cells")
    text = preset.read_text().replace('["Prune", "PruneQuantize16"]', '["Prune"]')
    text = text.replace("epochs = 5", "epochs = 2").replace("[evaluate]", "[evaluate]\n{sealed}")
    presets = []
    for name, sealed in (("open", ""), ("sealed", "sealed = true")):
        presets.append(folder / f"{name}.toml")
        presets[-1].write_text(text.replace("cells2", name, 1).replace("{sealed}", sealed))
    runs_dir = folder / "runs"
    command = [sys.executable, "-m", "tests.helpers.study_in_one_process", str(runs_dir)]
    done = subprocess.run(
        [*command, *map(str, presets)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return TwinStudies(runs_dir, StudyFolder(runs_dir / "open"), StudyFolder(runs_dir / "sealed"))
