"""The data from which figures of several runs are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from medtui.analysis.differences import Differences
from medtui.analysis.groups import Group, group_runs
from medtui.analysis.run_record import RunRecord, task_of
from medtui.analysis.run_titles import titles_of
from medtui.analysis.subgroup_analysis import SubgroupAnalysis
from medtui.charts.downsample import thin_points
from medtui.charts.plot import Interval, Level, Series, Stroke
from medtui.charts.run_identity import RunIdentity, identify_runs, tell_apart
from medtui.metrics import Metric, primary_metric
from medtui.monitor.run_curves import RunCurves, read_run_curves
from medtui.monitor.telemetry_curves import Point
from medtui.runs.folder import RunFolder
from medtui.runs.search_record import SearchOutcome
from medtui.units import SEALED


@dataclass(frozen=True)
class ChartedRun:
    """One run with the way it is drawn."""

    entry: RunRecord
    mark: RunIdentity
    """Its letter and colour."""
    title: str
    """Its name, short where all runs are of one study."""

    def series(
        self,
        points: Sequence[Point],
        stroke: Stroke = "line",
        *,
        digits: int | None = 1,
        label: str | None = None,
        value: str = "",
        intervals: tuple[Interval, ...] = (),
    ) -> Series:
        """Return a curve of this run, in its colour and with its letter."""
        return Series(
            self.title if label is None else label,
            tuple(points),
            stroke,
            digits,
            tint=self.mark.tint,
            letter=self.mark.letter,
            intervals=intervals,
            variant=self.mark.variant,
            is_hollow=self.entry.is_probe,
            value=value,
            is_run=True,
        )


@dataclass(frozen=True)
class FigureData:
    """Runs and what was computed from them; a figure takes what it needs."""

    runs: tuple[ChartedRun, ...]
    curves: Mapping[str, RunCurves] = field(default_factory=dict)
    """Curves by run; only runs with curves are drawn over time."""
    differences: Mapping[str, Differences] = field(default_factory=dict)
    """Each run's paired changes, by run."""
    analyses: tuple[SubgroupAnalysis, ...] = ()
    searches: tuple[tuple[str, SearchOutcome], ...] = ()
    """Studies' names, and their searches; the name is empty where all are of one study."""

    @cached_property
    def headline(self) -> Metric:
        """The primary metric of the runs' task."""
        return primary_metric(task_of(self.entries))

    @property
    def entries(self) -> list[RunRecord]:
        """The records of the runs."""
        return [run.entry for run in self.runs]

    @property
    def references(self) -> tuple[ChartedRun, ...]:
        """The dense runs."""
        return tuple(run for run in self.runs if run.entry.folder.is_reference)

    @property
    def compressed(self) -> tuple[ChartedRun, ...]:
        """The compressions: neither references nor controls."""
        return tuple(run for run in self.runs if run.entry.folder.is_compressed)

    @property
    def has_gpu(self) -> bool:
        """Whether any run has GPU telemetry."""
        return any(curves.telemetry.has_gpu for curves in self.curves.values())

    def with_curves(self) -> list[tuple[ChartedRun, RunCurves]]:
        """Return the runs whose curves are known, with these."""
        return [(run, self.curves[run.entry.key]) for run in self.runs
                if run.entry.key in self.curves]  # fmt: skip

    def test_value(self, run: ChartedRun) -> float | None:
        """Return a run's primary metric on test, as an axis counts it."""
        return self.headline.scale(self.headline.of(run.entry.result.test.metrics))

    def without_test(self, otherwise: str) -> str:
        """Return why a figure of test is empty: its runs are sealed, or what the figure says."""
        if any(run.entry.result.is_sealed for run in self.runs):
            return f"test is {SEALED}"
        return otherwise

    def val_value(self, run: ChartedRun) -> float | None:
        """Return a run's primary metric on val, by which runs are chosen."""
        return self.headline.scale(self.headline.of(run.entry.result.val.metrics))

    def axis_label(self, split: str) -> str:
        """Return the label of the primary metric's axis: `test accuracy, %`."""
        return f"{split} {self.headline.label}{self.headline.unit}"

    def reference_levels(self, split: str, metric: Metric | None = None) -> tuple[Level, ...]:
        """Return a metric, by default the primary one, of what is no compression, as lines.

        These are the references, and networks from scratch, whose size no density states.
        """
        shown = metric or self.headline
        runs = [run for run in self.runs if run.entry.folder.is_trained]
        values = [shown.scale(shown.of(run.entry.split(split).metrics)) for run in runs]
        return tuple(
            Level(f"{run.title} {split}", value, shown.digits)
            for run, value in zip(runs, values, strict=True)
            if value is not None
        )

    def schemes(self) -> dict[str, list[ChartedRun]]:
        """Return the runs by scheme; those of different studies are not mixed."""
        are_many = len({entry.folder.study.name for entry in self.entries}) > 1
        found: dict[str, list[ChartedRun]] = {}
        for run in self.runs:
            study = f"{run.entry.folder.study.name} " if are_many else ""
            found.setdefault(f"{study}{run.entry.result.scheme}", []).append(run)
        return found

    def cells(self) -> list[Group]:
        """Return the runs by scheme and density; those of a group differ in seeds alone."""
        studies = {entry.folder.study.name for entry in self.entries}
        keys = ["scheme", "density"]
        return group_runs(self.entries, ["study", *keys] if len(studies) > 1 else keys)


def chart_runs(entries: Sequence[RunRecord]) -> tuple[ChartedRun, ...]:
    """Return runs with the letters and colours that they have on every screen."""
    studies = dict.fromkeys(entry.folder.study for entry in entries)
    known = identify_runs(run for study in studies for run in study.runs())
    marks = tell_apart([known[entry.key] for entry in entries])
    titles = titles_of(entries)
    return tuple(
        ChartedRun(entry, mark, titles[entry.key])
        for entry, mark in zip(entries, marks, strict=True)
    )


def read_curves(run: RunFolder) -> RunCurves:
    """Read a run's curves, its telemetry thinned to what can be seen."""
    curves = read_run_curves(run)
    telemetry = curves.telemetry
    return replace(
        curves,
        telemetry=replace(
            telemetry,
            memory_used=thin_points(telemetry.memory_used),
            memory_free=thin_points(telemetry.memory_free),
            utilisation=thin_points(telemetry.utilisation),
            utilisation_mean=thin_points(telemetry.utilisation_mean),
        ),
    )
