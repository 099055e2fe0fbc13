"""What Compare reads and computes, in threads and independent of the screen; results are cached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medtui.analysis.baselines import baseline_of
from medtui.analysis.differences import Differences, differences_from
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records
from medtui.analysis.subgroup_analysis import SubgroupAnalysis, analyse_subgroups
from medtui.charts.figures.data import read_curves
from medtui.charts.run_identity import RunIdentity, identify_runs
from medtui.monitor.run_curves import RunCurves


@dataclass(frozen=True)
class FinishedRuns:
    """All finished runs of a runs folder."""

    entries: tuple[RunRecord, ...] = ()
    problems: tuple[str, ...] = ()
    """Messages on results that could not be read."""
    identities: Mapping[str, RunIdentity] = field(default_factory=dict)
    """Letter and colour of every run, finished or not, by key."""

    def find(self, key: str) -> RunRecord | None:
        """Return the run `study/run`; None where it is not finished or does not exist."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass
class ComparisonLoader:
    """Reads and computes, and caches the results; every method blocks: call it from a thread.

    Raises:
        MedtuiError: a file could not be read, or the runs cannot be compared.
    """

    runs_dir: Path
    _curves: dict[str, RunCurves] = field(default_factory=dict)
    _differences: dict[tuple[str, str], Differences] = field(default_factory=dict)
    _subgroups: dict[tuple[str, str], SubgroupAnalysis] = field(default_factory=dict)

    def load(self) -> FinishedRuns:
        """Read every result file."""
        folders = all_runs(self.runs_dir)
        entries, problems = read_run_records(folders)
        return FinishedRuns(tuple(entries), tuple(problems), identify_runs(folders))

    def curves_of(self, entry: RunRecord) -> RunCurves:
        """Return a run's curves; its log and telemetry are read once."""
        if entry.key not in self._curves:
            self._curves[entry.key] = read_curves(entry.folder)
        return self._curves[entry.key]

    def differences_of(
        self, entry: RunRecord, finished: FinishedRuns, pin: RunRecord | None
    ) -> Differences | None:
        """Return how a run differs from its baseline; None for the baseline itself."""
        baseline = baseline_of(entry, finished.entries, pin)
        if baseline is None:
            return None
        pair = (entry.key, baseline.key)
        if pair not in self._differences:
            found = differences_from(baseline, entry, () if pin else finished.entries)
            self._differences[pair] = found
        return self._differences[pair]

    def subgroups_of(
        self, entry: RunRecord, finished: FinishedRuns, pin: RunRecord | None
    ) -> SubgroupAnalysis | None:
        """Return the subgroup analysis of a run; None for the baseline itself."""
        baseline = baseline_of(entry, finished.entries, pin)
        if baseline is None:
            return None
        pair = (entry.key, baseline.key)
        if pair not in self._subgroups:
            self._subgroups[pair] = analyse_subgroups(baseline, entry)
        return self._subgroups[pair]
