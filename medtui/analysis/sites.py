"""Finished runs on other data sets, beside their own: metrics, paired changes, verdicts.

"Home" is the test split of a run's own data set. A run's change on a site is its difference from
its control there, or its reference, on the same images: what compression costs elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from medtui.analysis.baselines import baseline_of
from medtui.analysis.differences import differences
from medtui.analysis.pairing import pair_predictions
from medtui.analysis.run_record import RunRecord
from medtui.analysis.verdicts import Verdict, judge
from medtui.errors import MedtuiError
from medtui.metrics import Metric
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.shortage import Unit
from medtui.runs.external_record import (
    ExternalResult,
    read_answers,
    read_externals,
    with_answers,
)
from medtui.runs.predictions import RunPredictions
from medtui.runs.result import SplitResult

HOME = "home"
"""Name of the column of the runs' own test split."""


@dataclass(frozen=True, eq=False)
class SiteRecord:
    """One run's result on another data set."""

    entry: RunRecord
    result: ExternalResult

    @cached_property
    def predictions(self) -> RunPredictions:
        """The run's predictions with the data set in place of test: thresholds are its own.

        Raises:
            UnreadableFile: they are missing or damaged.
        """
        answers = read_answers(self.entry.folder, self.result)
        return with_answers(self.entry.predictions, answers)

    @property
    def is_outdated(self) -> bool:
        """Whether the run's weights are others than those that were evaluated."""
        current = self.entry.result.digest_of(self.entry.folder.model)
        return current is not None and current != self.result.model


@dataclass(frozen=True)
class SiteColumn:
    """A data set of the matrix."""

    name: str
    digest: str
    """Empty for the runs' own."""
    num_images: int
    num_patients: int
    """0 where patients are unknown."""
    warnings: tuple[str, ...] = ()
    """What a reader of its numbers should know."""

    @property
    def is_home(self) -> bool:
        """Whether it is the runs' own test split."""
        return not self.digest


@dataclass(frozen=True)
class SiteCell:
    """One run on one data set."""

    value: float | None
    interval: tuple[float, float] | None
    no_interval: str = ""
    """Why there is no interval."""
    change: Difference | None = None
    """From the run's control or reference on the same images; None for these, or without them."""
    verdict: Verdict | None = None
    """On the change, by the margin of the run's preset."""
    baseline: str = ""
    """Key of the run that the change is from."""
    is_sealed: bool = False
    """Whether it is a test that is kept sealed."""


@dataclass(frozen=True)
class SiteMatrix:
    """Runs by data sets, of one metric."""

    metric: Metric
    entries: tuple[RunRecord, ...]
    columns: tuple[SiteColumn, ...]
    """Home first."""
    cells: tuple[tuple[SiteCell | None, ...], ...]
    """A row for each run; None where it was not evaluated on a data set."""
    problems: tuple[str, ...] = ()

    @property
    def has_sites(self) -> bool:
        """Whether any run was evaluated on another data set."""
        return len(self.columns) > 1


def read_sites(entries: Iterable[RunRecord]) -> tuple[list[SiteRecord], list[str]]:
    """Return the runs' results on other data sets, and a sentence for each that is damaged.

    Results of weights that the run no longer has are left out, with a sentence.
    """
    found, problems = list[SiteRecord](), list[str]()
    for entry in entries:
        results, damaged = read_externals(entry.folder)
        problems += damaged
        for result in results:
            record = SiteRecord(entry, result)
            if record.is_outdated:
                problems.append(
                    f"{entry.key} was evaluated on {result.site} with other weights; evaluate again"
                )
            else:
                found.append(record)
    return found, list(dict.fromkeys(problems))


def site_matrix(entries: Sequence[RunRecord], metric: Metric) -> SiteMatrix:
    """Return all results of runs on other data sets, beside their own."""
    records, problems = read_sites(entries)
    columns = [_home_column(entries), *_site_columns(records)]
    of_run = {(each.entry.key, each.result.digest): each for each in records}
    rows = []
    for entry in entries:
        baseline = baseline_of(entry, entries)
        row: list[SiteCell | None] = [_home_cell(entry, baseline, metric, problems)]
        for column in columns[1:]:
            record = of_run.get((entry.key, column.digest))
            other = of_run.get((baseline.key, column.digest)) if baseline else None
            row.append(_site_cell(record, other, metric, problems) if record else None)
        rows.append(tuple(row))
    return SiteMatrix(metric, (*entries,), (*columns,), (*rows,), (*dict.fromkeys(problems),))


def _home_column(entries: Sequence[RunRecord]) -> SiteColumn:
    tests = {
        (entry.result.test.num_images, entry.result.test.num_patients): None for entry in entries
    }
    num_images, num_patients = next(iter(tests), (0, 0))
    return SiteColumn(HOME, "", num_images, num_patients)


def _site_columns(records: Sequence[SiteRecord]) -> list[SiteColumn]:
    """Return the data sets; those of equal names that differ have their digests in the names."""
    first = {each.result.digest: each.result for each in reversed(records)}
    results = sorted(first.values(), key=lambda each: (each.site, each.digest))
    names = [each.site for each in results]
    return [
        SiteColumn(
            each.site if names.count(each.site) == 1 else f"{each.site} {each.digest[:4]}",
            each.digest,
            each.measured.num_images,
            each.measured.num_patients,
            (*describe_overlap(each), *describe_classes(each)),
        )
        for each in results
    ]


def describe_overlap(result: ExternalResult) -> list[str]:
    """Return a sentence on patients and on copies that the model was trained on, or chosen by."""
    found, overlap = list[str](), result.overlap
    if overlap.num_patients:
        some = _named(overlap.patients, overlap.num_patients)
        found.append(
            f"{overlap.num_patients} of its patients have identifiers of the run's train or val "
            f"split: {some}"
        )
    if overlap.num_copies:
        pairs = [f"{name} = {home}" for name, home in overlap.copies]
        found.append(
            f"{overlap.num_copies} of its images are copies of train or val images: "
            f"{_named(pairs, overlap.num_copies)}"
        )
    if overlap.unsearched:
        found.append(f"copies of training images were not looked for: {overlap.unsearched}")
    return found


_NUM_SHOWN = 3


def _named(names: Sequence[str], count: int) -> str:
    shown = ", ".join(names[:_NUM_SHOWN])
    return f"{shown}, ..." if count > _NUM_SHOWN else shown


def describe_classes(result: ExternalResult) -> list[str]:
    """Return a sentence on classes of one side alone, and on images that were left out."""
    found = []
    if result.absent_classes:
        found.append(f"it has no class {', '.join(result.absent_classes)}")
    if result.left_out:
        out = ", ".join(f"{name} {count:,}" for name, count in sorted(result.left_out.items()))
        found.append(f"images left out, as the model has no such class: {out}")
    if result.num_bad:
        found.append(f"{result.num_bad:,} of its images cannot be read")
    return found


def _home_cell(
    entry: RunRecord, baseline: RunRecord | None, metric: Metric, problems: list[str]
) -> SiteCell:
    if entry.result.is_sealed:
        return SiteCell(None, None, is_sealed=True)
    cell = _cell_of(entry.result.test, metric)
    if baseline is None or baseline.result.is_sealed:
        return cell
    try:
        change = differences(baseline, entry, metric=metric).by_metric.get(metric.name)
    except MedtuiError as error:
        problems.append(f"{entry.key} cannot be compared with {baseline.key}: {error.message}")
        return cell
    return _judged(cell, change, entry, baseline)


def _site_cell(
    record: SiteRecord, baseline: SiteRecord | None, metric: Metric, problems: list[str]
) -> SiteCell:
    cell = _cell_of(record.result.measured, metric)
    if baseline is None:
        return cell
    try:
        change = site_change(baseline, record, metric)
    except MedtuiError as error:
        problems.append(
            f"{record.entry.key} cannot be compared with {baseline.entry.key} on "
            f"{record.result.site}: {error.message}"
        )
        return cell
    return _judged(cell, change, record.entry, baseline.entry)


def site_change(baseline: SiteRecord, record: SiteRecord, metric: Metric) -> Difference | None:
    """Return the paired difference of two runs on a data set; None where it is undefined.

    Raises:
        MedtuiError: answers are missing, or the runs have different classes.
    """
    pair = pair_predictions(baseline.predictions, record.predictions, "test")
    unit: Unit = "patient" if pair.num_patients else "image"
    found = paired_differences(pair.reference, pair.run, pair.patients, (metric,), unit=unit)
    return found.get(metric.name)


def _cell_of(measured: SplitResult, metric: Metric) -> SiteCell:
    return SiteCell(
        metric.of(measured.metrics),
        measured.intervals.get(metric.name),
        measured.no_interval.get(metric.name, ""),
    )


def _judged(
    cell: SiteCell, change: Difference | None, entry: RunRecord, baseline: RunRecord
) -> SiteCell:
    metric_cell = SiteCell(cell.value, cell.interval, cell.no_interval, change, None, baseline.key)
    if change is None:
        return metric_cell
    shortage = change.shortage.text if change.shortage else ""
    verdict = judge(change, entry.margin, shortage=shortage)
    return SiteCell(cell.value, cell.interval, cell.no_interval, change, verdict, baseline.key)
