"""What Compare reads and works out: in threads, each thing once. Touches no screen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medtui.analysis.differences import Differences, differences
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records, reference_of
from medtui.analysis.subgroup_analysis import SubgroupAnalysis, analyse_subgroups
from medtui.charts.figures.data import read_curves
from medtui.charts.run_identity import RunIdentity, identify_runs
from medtui.monitor.run_curves import RunCurves


@dataclass(frozen=True)
class Board:
    """All finished runs of a runs folder."""

    entries: tuple[RunRecord, ...] = ()
    problems: tuple[str, ...] = ()
    """Sentences on what could not be read."""
    identities: Mapping[str, RunIdentity] = field(default_factory=dict)
    """Letter and colour of every run, finished or not, by key."""

    def find(self, key: str) -> RunRecord | None:
        """Give the run `study/run`; None where it is not finished or gone."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass
class Workbench:
    """Reads and measures; every method blocks and is called from a thread.

    Raises:
        MedtuiError: what is asked for cannot be had; the sentence is for a person.
    """

    runs_dir: Path
    _curves: dict[str, RunCurves] = field(default_factory=dict)
    _differences: dict[tuple[str, str], Differences] = field(default_factory=dict)
    _harms: dict[tuple[str, str], SubgroupAnalysis] = field(default_factory=dict)

    def load(self) -> Board:
        """Read every result file."""
        folders = all_runs(self.runs_dir)
        entries, problems = read_run_records(folders)
        return Board(tuple(entries), tuple(problems), identify_runs(folders))

    def curves_of(self, entry: RunRecord) -> RunCurves:
        """Give a run's curves: its log and its telemetry are read once."""
        if entry.key not in self._curves:
            self._curves[entry.key] = read_curves(entry.folder)
        return self._curves[entry.key]

    def differences_of(
        self, entry: RunRecord, board: Board, pin: RunRecord | None
    ) -> Differences | None:
        """Give a run less its baseline; None for the baseline itself."""
        baseline = _baseline_of(entry, board, pin)
        if baseline is None:
            return None
        pair = (entry.key, baseline.key)
        if pair not in self._differences:
            self._differences[pair] = differences(baseline, entry)
        return self._differences[pair]

    def harm_of(
        self, entry: RunRecord, board: Board, pin: RunRecord | None
    ) -> SubgroupAnalysis | None:
        """Tell who was hurt; None for the baseline itself."""
        baseline = _baseline_of(entry, board, pin)
        if baseline is None:
            return None
        pair = (entry.key, baseline.key)
        if pair not in self._harms:
            self._harms[pair] = analyse_subgroups(baseline, entry)
        return self._harms[pair]


def _baseline_of(entry: RunRecord, board: Board, pin: RunRecord | None) -> RunRecord | None:
    baseline = pin or reference_of(entry, board.entries)
    return None if baseline is None or baseline.key == entry.key else baseline
