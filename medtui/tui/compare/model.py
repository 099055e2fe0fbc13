"""What Compare reads and computes, in threads and independent of the screen; results are cached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medtui.analysis.baselines import baseline_of
from medtui.analysis.changed_images import ChangedImage, changed_images
from medtui.analysis.differences import (
    Differences,
    differences,
    differences_from,
    pair_runs,
    with_val,
)
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records
from medtui.analysis.subgroup_analysis import SubgroupAnalysis, analyse_subgroups
from medtui.charts.figures.data import read_curves
from medtui.charts.run_identity import RunIdentity, identify_runs
from medtui.monitor.run_curves import RunCurves

Pair = tuple[str, str]
"""Keys of a run and its baseline."""


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
    _differences: dict[Pair, Differences] = field(default_factory=dict)
    _subgroups: dict[Pair, SubgroupAnalysis] = field(default_factory=dict)
    _changed: dict[Pair, tuple[ChangedImage, ...]] = field(default_factory=dict)

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
        """Return how a run differs from its baseline; None for the baseline itself.

        A reference is compared with its control, where there is one: that is what it lacks.
        """
        baseline = baseline_of(entry, finished.entries, pin)
        if baseline is None and pin is None:
            control = _control_of_reference(entry, finished)
            return self._of_reference(entry, control) if control else None
        if baseline is None:
            return None
        pair = (entry.key, baseline.key)
        if pair not in self._differences:
            found = differences_from(baseline, entry, () if pin else finished.entries)
            self._differences[pair] = with_val(found, baseline, entry)
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
            answers = pair_runs(baseline, entry)
            self._changed[pair] = changed_images(answers, entry.predictions.classes)
        return self._subgroups[pair]

    def changed_of(self, analysis: SubgroupAnalysis) -> tuple[ChangedImage, ...]:
        """Return the images whose answer changed, of an analysis that was computed here."""
        return self._changed[analysis.key, analysis.baseline]

    def _of_reference(self, reference: RunRecord, control: RunRecord) -> Differences:
        pair = (reference.key, control.key)
        if pair not in self._differences:
            self._differences[pair] = differences(control, reference)
        return self._differences[pair]


def _control_of_reference(entry: RunRecord, finished: FinishedRuns) -> RunRecord | None:
    """Return the first finished control that continues a reference; None for other runs."""
    if not entry.folder.is_reference:
        return None
    controls = (each for each in finished.entries if each.folder.is_control)
    return next((each for each in controls if each.folder.reference == entry.folder), None)
