"""All studies in a runs folder and their runs; a refresh reads only what was added."""

from dataclasses import dataclass, field
from pathlib import Path

from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.folder import StudyFolder, is_planned, subfolders
from medtui.runs.utf8_names import unreadable_names

__all__ = ["Catalogue", "RunFeed", "StudyFeed"]


@dataclass
class Catalogue:
    """All studies in one runs folder."""

    runs_dir: Path
    studies: list[StudyFeed] = field(default_factory=list)
    """Live studies first, then by their latest event."""
    problem: str = ""
    """Which studies cannot be listed, and why; empty where all can."""

    def refresh(self) -> bool:
        """Read new, changed and deleted studies; return whether anything changed."""
        known = {study.folder.name: study for study in self.studies}
        folders = self._folders()
        studies = [known.get(folder.name) or StudyFeed(folder) for folder in folders]
        changed = [study.refresh() for study in studies]
        names = [study.folder.name for study in self.studies]
        self.problem = "\n".join(unreadable_names(self.runs_dir))
        studies.sort(key=lambda study: (not study.is_live, -study.last_at))
        self.studies = studies
        return any(changed) or names != [study.folder.name for study in studies]

    def find(self, name: str) -> StudyFeed | RunFeed | None:
        """Return a study by name, or a run by `study/run`; None where there is none."""
        study_name, _, run_name = name.strip("/").partition("/")
        study = next((each for each in self.studies if each.folder.name == study_name), None)
        if study is None or not run_name:
            return study
        return next((run for run in study.runs if run.folder.name == run_name), None)

    def _folders(self) -> list[StudyFolder]:
        studies = [StudyFolder(path) for path in subfolders(self.runs_dir)]
        return [study for study in studies if is_planned(study.path)]
