"""The run on which Compare's cursor begins: the chosen one, not what others are compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medtui.analysis.differences import Differences
from medtui.analysis.run_record import RunRecord
from medtui.metrics import Metric
from medtui.tui.compare.forest_notes import chosen_run, closest_run


@dataclass
class FirstRun:
    """Decides where the cursor begins, until that is final or the cursor is moved."""

    wanted: str = ""
    """Key of the run that Compare was opened from; empty where it was opened from a study."""
    is_open: bool = True
    """Whether the cursor may still be placed."""
    _placed: str | None = None
    """The run on which it was placed last."""

    def place(
        self,
        selected: str | None,
        entries: Sequence[RunRecord],
        found: Mapping[str, Differences],
        metric: Metric,
    ) -> str | None:
        """Return the run to go to; None leaves the cursor where it is.

        Before the changes on val are known it is the first compression, then the chosen one, or
        the closest to it. A cursor that was moved in the meantime is left alone.
        """
        if not entries or selected is None:
            return None  # before the runs are read, and before the table has a cursor
        if not self.is_open or (self._placed is not None and selected != self._placed):
            self.is_open = False
            return None
        if any(entry.key == self.wanted for entry in entries):
            self.is_open = False
            return self.wanted
        judged = [entry for entry in entries if entry.folder.is_compressed]
        if all(entry.key in found for entry in judged):
            self.is_open = False
            best = chosen_run(entries, found, metric) or closest_run(entries, found, metric)
            if best:
                return best
        self._placed = self._placed or next((entry.key for entry in judged), None)
        return self._placed if self._placed != selected else None
