"""All that screens show at one moment: frozen, made by the polling thread."""

from dataclasses import dataclass

from medtui.monitor.run_view import RunView
from medtui.monitor.study_summary import StudySummary


@dataclass(frozen=True)
class Snapshot:
    """The runs folder, and the run that was asked for."""

    studies: tuple[StudySummary, ...]
    """Live ones first, then the newest."""
    view: RunView | None = None
    """The run that was asked for; None where there is none of that name."""
    wanted: str = ""
    """Key of the run that was asked for; empty when none was."""
    problem: str = ""
    """Why the runs folder cannot be read; empty where it can."""

    @property
    def num_live(self) -> int:
        """Studies a supervisor is at work on."""
        return sum(study.is_live for study in self.studies)

    @property
    def share(self) -> float:
        """Completed share of the live studies, 0 to 1; 0 where none is live."""
        live = [study.share for study in self.studies if study.is_live]
        return sum(live) / len(live) if live else 0.0

    def study(self, name: str) -> StudySummary | None:
        """Return the study of that name."""
        return next((study for study in self.studies if study.name == name), None)


def endings_between(before: Snapshot | None, after: Snapshot) -> list[tuple[str, bool]]:
    """Return a sentence for each run that ended in between, and whether it ended well."""
    if before is None:
        return []
    live = {run.key for study in before.studies for run in study.runs if run.status == "running"}
    ended = [run for study in after.studies for run in study.runs
             if run.key in live and run.status != "running"]  # fmt: skip
    return [(f"{run.study}: {run.title} {run.status}", run.status == "finished") for run in ended]
