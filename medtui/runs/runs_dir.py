"""The runs folder, which holds studies: where it is, and a new study in it."""

import os
from pathlib import Path

from medtui.errors import UsageError
from medtui.runs.folder import StudyFolder
from medtui.runs.slug import slugify
from medtui.user_folders import expand_home


def create_study(runs_dir: Path, name: str) -> StudyFolder:
    """Create a new study folder; a number is appended where the name is taken.

    Raises:
        UsageError: `runs_dir` cannot be written.
    """
    slug = slugify(name)
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            path = runs_dir / (slug if number == 1 else f"{slug}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return StudyFolder(path)
    except OSError as error:
        raise UsageError(
            f"{runs_dir} cannot be written: {error.strerror}.",
            hint="Choose another folder with --runs-dir.",
        ) from error
    raise UsageError(f"{runs_dir} already has 9,999 studies called {slug}. Choose another name.")


def default_runs_dir() -> Path:
    """Return `MEDTUI_RUNS_DIR`, or `runs/` in the working folder."""
    return expand_home(os.environ.get("MEDTUI_RUNS_DIR") or "runs")
