"""The trash of a runs folder: deleted studies lie in `.trash` until it is emptied.

A study is moved by one rename within the runs folder, so that nothing is copied and an interrupted
move leaves it either where it was or in the trash. Lists skip the folder, since it is no study.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from medtui.errors import EnvironmentProblem, explain_os_error
from medtui.runs.folder import StudyFolder
from medtui.runs.subfolders import subfolders

TRASH = ".trash"


@dataclass(frozen=True)
class TrashedStudy:
    """A study in the trash."""

    path: Path
    """Its folder, `RUNS/.trash/NUMBER-NAME`; a higher number was deleted later."""

    @property
    def name(self) -> str:
        """The name that the study had."""
        return self.path.name.partition("-")[2]


def move_to_trash(study: StudyFolder) -> TrashedStudy:
    """Move a study to the trash.

    Raises:
        EnvironmentProblem: the study cannot be moved.
    """
    trash = study.path.parent / TRASH
    try:
        trash.mkdir(exist_ok=True)
        number = 1 + max((_number_of(each) for each in subfolders(trash)), default=0)
        target = trash / f"{number:06d}-{study.name}"
        study.path.rename(target)
    except OSError as error:
        raise _refused("move", study.path, error) from error
    return TrashedStudy(target)


def trashed_studies(runs_dir: Path) -> list[TrashedStudy]:
    """Return the studies in the trash, in the order in which they were deleted."""
    return [TrashedStudy(path) for path in subfolders(runs_dir / TRASH) if _number_of(path)]


def restore(trashed: TrashedStudy) -> StudyFolder:
    """Move a study back.

    Raises:
        EnvironmentProblem: a study of its name exists again, or it cannot be moved.
    """
    target = trashed.path.parent.parent / trashed.name
    if os.path.lexists(target):
        raise EnvironmentProblem(
            f"A study {trashed.name} exists again; the deleted one stays in {trashed.path}.",
            hint="Rename that folder, or move it by hand.",
        )
    try:
        trashed.path.rename(target)
    except OSError as error:
        raise _refused("move", trashed.path, error) from error
    return StudyFolder(target)


def empty_trash(runs_dir: Path) -> int:
    """Delete the studies in the trash for good; return their number.

    Raises:
        EnvironmentProblem: a file cannot be deleted.
    """
    studies = trashed_studies(runs_dir)
    for each in studies:
        try:
            shutil.rmtree(each.path)
        except OSError as error:
            raise _refused("delete", each.path, error) from error
    return len(studies)


def _number_of(path: Path) -> int:
    """Return the number of a folder in the trash; 0 for a folder that is no deleted study."""
    number, dash, name = path.name.partition("-")
    return int(number) if dash and name and number.isascii() and number.isdigit() else 0


def _refused(verb: str, path: Path, error: OSError) -> EnvironmentProblem:
    problem = explain_os_error(error)
    return EnvironmentProblem(f"Could not {verb} {path}. {problem.message}", hint=problem.hint)
