"""Content of all screens at one moment: immutable, built by the polling thread."""

from dataclasses import dataclass

from medtui.monitor.run_view import RunView
from medtui.monitor.study_summary import StudySummary
from medtui.runs.status import UNENDED, Status


@dataclass(frozen=True)
class Snapshot:
    """The runs folder, and the selected run."""

    studies: tuple[StudySummary, ...]
    """Live studies first, then the newest."""
    view: RunView | None = None
    """View of the selected run; None where it does not exist."""
    wanted: str = ""
    """Key of the selected run; empty without a selection."""
    problem: str = ""
    """Why the runs folder cannot be read; empty where it can."""
    num_unread: int = 0
    """Studies that are still to be read."""

    @property
    def num_live(self) -> int:
        """Number of studies with a running supervisor."""
        return sum(study.is_live for study in self.studies)

    @property
    def live_counts(self) -> dict[Status, int]:
        """Number of live studies that run, and of those that wait; states without any left out."""
        waiting = sum(study.is_waiting for study in self.studies)
        counts: dict[Status, int] = {"running": self.num_live - waiting, "waiting": waiting}
        return {status: count for status, count in counts.items() if count}

    @property
    def share(self) -> float:
        """Completed share of the live studies, 0 to 1; 0 without live studies."""
        live = [study.share for study in self.studies if study.is_live]
        return sum(live) / len(live) if live else 0.0

    def study(self, name: str) -> StudySummary | None:
        """Return the study with this name."""
        return next((study for study in self.studies if study.name == name), None)


def endings_between(before: Snapshot | None, after: Snapshot) -> list[tuple[str, bool]]:
    """Return a sentence for each run that ended in between, and whether it finished."""
    if before is None:
        return []
    live = {run.key for study in before.studies for run in study.runs
            if run.status in {"running", "waiting"}}  # fmt: skip
    ended = [run for study in after.studies for run in study.runs
             if run.key in live and run.status not in UNENDED]  # fmt: skip
    return [(f"{run.study}: {run.title} {run.status}", run.status == "finished") for run in ended]


def studies_finished_between(before: Snapshot | None, after: Snapshot) -> list[StudySummary]:
    """Return the studies that were running before and are finished now."""
    live = {study.name for study in before.studies if study.is_live} if before else set()
    return [
        study
        for study in after.studies
        if study.name in live and not study.is_live and study.status == "finished"
    ]
