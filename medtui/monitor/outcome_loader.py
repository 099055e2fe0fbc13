"""What studies found, computed once: kept in memory, and in the index between starts."""

import zlib
from dataclasses import dataclass, field
from pathlib import Path

from medtui.analysis.outcome import StudyOutcome
from medtui.errors import MedtuiError
from medtui.monitor.study_index import StudyIndex
from medtui.monitor.study_summary import StudySummary
from medtui.runs.folder import StudyFolder


@dataclass
class OutcomeLoader:
    """Computes outcomes. `load` blocks, and is called from one thread at a time."""

    runs_dir: Path
    _known: dict[str, tuple[int, StudyOutcome | None]] = field(default_factory=dict)
    """Outcome by study, and the fingerprint of the runs behind it."""

    def latest(self, study: StudySummary) -> StudyOutcome | None:
        """Return what is known of a study, also of fewer runs than are finished now."""
        return self._known.get(study.name, (0, None))[1]

    def is_current(self, study: StudySummary) -> bool:
        """Return whether no run has finished since the outcome was computed."""
        return self._known.get(study.name, (None, None))[0] == fingerprint_of(study)

    def load(self, study: StudySummary) -> StudyOutcome | None:
        """Return what a study found: from the index, else by comparing its runs."""
        fingerprint, index = fingerprint_of(study), StudyIndex(self.runs_dir)
        stored = index.outcome(study.name, fingerprint)
        if stored is not None:
            (outcome,) = stored
        else:
            from medtui.analysis.study_outcome import outcome_of  # imports numpy and scipy

            try:
                outcome = outcome_of(StudyFolder(self.runs_dir / study.name))
            except (MedtuiError, OSError):  # the study's own problem is shown with its summary
                outcome = None
            index.store_outcome(study.name, fingerprint, outcome)
        self._known[study.name] = (fingerprint, outcome)
        return outcome


def fingerprint_of(study: StudySummary) -> int:
    """Return a number that changes with the finished runs of a study and with their results."""
    finished = [
        (run.name, run.val, run.test, run.bytes_packed, run.cycle, run.seconds)
        for run in study.runs
        if run.status == "finished"
    ]
    return zlib.crc32(repr(finished).encode())
