"""How long tests of faults are: a sample by default, all under `make faults`."""

import json
import os
from pathlib import Path

FACTOR = int(os.environ.get("MEDTUI_FAULTS") or 0)
"""0 for the sample; n for n times the number of `make faults`."""


def scaled(sample: int, full: int) -> int:
    """Return how often a fault is tried."""
    return full * FACTOR if FACTOR else sample


def note_figure(name: str, **values: object) -> None:
    """Append what a test counted to the file that `MEDTUI_FAULTS_FIGURES` names, if it does."""
    path = os.environ.get("MEDTUI_FAULTS_FIGURES")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name} | values) + "\n")
