"""Finished runs on other data sets, beside their own: metrics, paired changes, verdicts.

"Home" is the test split of a run's own data set. A run's change on a site is its difference from
its control there, or its reference, on the same images: what compression costs elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from medtui.analysis.baselines import baseline_of
from medtui.analysis.differences import differences
from medtui.analysis.run_record import RunRecord
from medtui.analysis.site_cells import SiteCell, cell_of, judged, site_change
from medtui.analysis.site_models import SiteModel, read_models
from medtui.analysis.site_records import (
    SiteRecord,
    describe_classes,
    describe_overlap,
    read_sites,
)
from medtui.errors import MedtuiError
from medtui.metrics import Metric
from medtui.units import plural

HOME = "home"
"""Name of the column of the runs' own test split."""


@dataclass(frozen=True)
class SiteColumn:
    """A data set of the matrix."""

    name: str
    digest: str
    """Empty for the runs' own."""
    num_images: int
    num_patients: int
    """0 where patients are unknown."""
    split: str = "test"
    """`test`, or `all` images of a data set."""
    warnings: tuple[str, ...] = ()
    """What a reader of its numbers should know."""

    @property
    def is_home(self) -> bool:
        """Whether it is the runs' own test split."""
        return not self.digest


@dataclass(frozen=True)
class SiteMatrix:
    """Runs by data sets, of one metric."""

    metric: Metric
    entries: tuple[RunRecord, ...]
    columns: tuple[SiteColumn, ...]
    """Home first."""
    cells: tuple[tuple[SiteCell | None, ...], ...]
    """A row for each run; None where it was not evaluated on a data set."""
    models: tuple[SiteModel, ...] = ()
    """Shrunk models and exported files that were evaluated too."""
    problems: tuple[str, ...] = ()

    @property
    def has_sites(self) -> bool:
        """Whether any run was evaluated on another data set."""
        return len(self.columns) > 1


def site_matrix(entries: Sequence[RunRecord], metric: Metric) -> SiteMatrix:
    """Return all results of runs on other data sets, beside their own."""
    records, problems = read_sites(entries)
    columns = [_home_column(entries), *_site_columns(records, len(entries))]
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
    models, unread = read_models(entries, of_run, metric)
    problems = [*dict.fromkeys([*problems, *unread])]
    return SiteMatrix(metric, (*entries,), (*columns,), (*rows,), (*models,), (*problems,))


def _home_column(entries: Sequence[RunRecord]) -> SiteColumn:
    """Return the column of the runs' own test splits, which differ where studies differ in data."""
    tests = dict.fromkeys(
        (entry.result.test.num_images, entry.result.test.num_patients) for entry in entries
    )
    num_images, num_patients = next(iter(tests), (0, 0))
    sizes = "; ".join(describe_size(*each) for each in tests)
    warnings = (f"the runs have different test splits: {sizes}",) if len(tests) > 1 else ()
    return SiteColumn(HOME, "", num_images, num_patients, warnings=warnings)


def describe_size(num_images: int, num_patients: int) -> str:
    """Return images and patients of a data set: `1,204 images of 11 patients`."""
    images = plural(num_images, "image")
    return f"{images} of {plural(num_patients, 'patient')}" if num_patients else images


def _site_columns(records: Sequence[SiteRecord], num_runs: int) -> list[SiteColumn]:
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
            each.split,
            _warnings(
                [record for record in records if record.result.digest == each.digest], num_runs
            ),
        )
        for each in results
    ]


def _warnings(records: Sequence[SiteRecord], num_runs: int) -> tuple[str, ...]:
    """Return what a reader of a data set's numbers should know.

    What is not so for all runs, whose own data sets may differ, names those for which it is.
    """
    told: dict[str, list[str]] = {}
    for record in records:
        for sentence in (*describe_overlap(record.result), *describe_classes(record.result)):
            told.setdefault(sentence, []).append(record.entry.key)
    found = [
        sentence if len(keys) == len(records) else f"{sentence} (of {', '.join(keys)})"
        for sentence, keys in told.items()
    ]
    if len(records) < num_runs:
        found.append(f"{len(records)} of {num_runs} runs have been evaluated on it")
    return tuple(found)


def _home_cell(
    entry: RunRecord, baseline: RunRecord | None, metric: Metric, problems: list[str]
) -> SiteCell:
    if entry.result.is_sealed:
        return SiteCell(None, None, is_sealed=True)
    cell = cell_of(entry.result.test, metric)
    if baseline is None or baseline.result.is_sealed:
        return cell
    try:
        change = differences(baseline, entry, metric=metric).by_metric.get(metric.name)
    except MedtuiError as error:
        problems.append(f"{entry.key} cannot be compared with {baseline.key}: {error.message}")
        return cell
    return judged(cell, change, entry, baseline, metric)


def _site_cell(
    record: SiteRecord, baseline: SiteRecord | None, metric: Metric, problems: list[str]
) -> SiteCell:
    cell = cell_of(record.result.measured, metric)
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
    return judged(cell, change, record.entry, baseline.entry, metric)
