"""Shrunk models and exported files on other data sets, beside the runs that they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medtui.analysis.pairing import pair_predictions
from medtui.analysis.run_record import RunRecord
from medtui.analysis.site_cells import SiteCell, cell_of, judged, site_change
from medtui.analysis.site_records import SiteRecord, read_sites
from medtui.errors import MedtuiError
from medtui.metrics import Metric
from medtui.runs.result import Flips


@dataclass(frozen=True)
class SiteModel:
    """Another model of a run on one data set."""

    entry: RunRecord
    name: str
    """`shrunk` or the name of an exported file."""
    digest: str
    """The data set's."""
    cell: SiteCell
    """Its change is from the run's own model on the same images."""
    flips: Flips
    """Answers that differ from the run's own."""
    logit_difference: float
    """The largest one."""


OwnResults = Mapping[tuple[str, str], SiteRecord]
"""The results of the runs' own models, by key of the run and digest of the data set."""


def read_models(
    entries: Sequence[RunRecord], own: OwnResults, metric: Metric
) -> tuple[list[SiteModel], list[str]]:
    """Return the results of other models, in the order of the runs, and what could not be read."""
    records, problems = read_sites(entries, of_other_models=True)
    found = []
    for record in records:
        before = own.get((record.entry.key, record.result.digest))
        if before is None:
            continue  # the run's own is outdated or damaged, which is said of it
        try:
            found.append(_compared(before, record, metric))
        except MedtuiError as error:
            problems.append(
                f"{record.entry.key}: {record.result.model_name} cannot be compared with the run "
                f"on {record.result.site}: {error.message}"
            )
    return found, problems


def _compared(own: SiteRecord, record: SiteRecord, metric: Metric) -> SiteModel:
    before, after = own.predictions, record.predictions
    cell = cell_of(record.result.measured, metric)
    change = site_change(own, record, metric)
    difference = np.abs(before.split("test").logits_NK - after.split("test").logits_NK)
    return SiteModel(
        record.entry,
        record.result.model_name,
        record.result.digest,
        judged(cell, change, record.entry, own.entry, metric),
        pair_predictions(before, after, "test").count_flips(),
        float(difference.max()),
    )
