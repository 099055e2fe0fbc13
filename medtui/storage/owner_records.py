"""Names of the owner records in a run's or a study's folder, see `medtui.runs.ownership.claim`.

The sampler reads them too, which knows nothing else of runs.
"""

import os
import re
from pathlib import Path

_NAME = re.compile(r"owner-([0-9]{6,9})\.json")


def record_path(folder: Path, generation: int) -> Path:
    """Return the path of an owner record."""
    return folder / f"owner-{generation:06d}.json"


def generations(folder: Path) -> list[int]:
    """Return the generations with an owner record.

    Raises:
        OSError: the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        found = (_NAME.fullmatch(entry.name) for entry in entries)
        return [int(match[1]) for match in found if match]
