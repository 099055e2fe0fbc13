"""Runs `medtui` in a process of its own, to its end."""

import os
import subprocess
import sys
from pathlib import Path


def run_medtui(*arguments: str, folder: Path | None = None, **environment: str) -> str:
    """Run the command line, in `folder` if given; return its output.

    Fails where the exit status is not 0.
    """
    done = subprocess.run(
        [sys.executable, "-m", "medtui", *arguments],
        cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
