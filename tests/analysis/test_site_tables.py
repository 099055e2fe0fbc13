"""Tables of runs on other data sets: what intervals are over, and which changes are judged."""

from medtui.analysis.run_record import read_run_records
from medtui.analysis.site_cells import SiteCell, judged
from medtui.analysis.site_tables import site_tables
from medtui.analysis.sites import SiteColumn, SiteMatrix
from medtui.metrics import Metric, metric_named, primary_metric
from medtui.metrics.intervals import Difference
from medtui.runs.folder import StudyFolder
from tests.helpers.paths import RECORDED

COLUMNS = (SiteColumn("home", "", 4_199, 29), SiteColumn("elsewhere", "c0ffee", 5_030, 0))


def test_intervals_are_over_images_where_patients_are_unknown() -> None:
    """A data set that names no patients stands beside one that does."""
    values = site_tables(SiteMatrix(primary_metric("single"), (), COLUMNS, ()))[0]
    assert "over patients, on data sets that name none over images" in values.note
    assert "4,199 images of 29 patients" in values.note


def test_the_margin_judges_the_primary_metric_alone() -> None:
    """A Brier score that rises is a loss: by the rule of accuracy it would be non-inferior."""
    study = StudyFolder(RECORDED / "cells")
    (baseline, entry), _ = read_run_records([study.reference, study.run("prune-0.1")])
    rise = Difference(0.05, 0.03, 0.07, 0.01)

    def change_of(metric: Metric) -> tuple[SiteCell, str]:
        cell = judged(SiteCell(0.1, None), rise, entry, baseline, metric)
        return cell, site_tables(
            SiteMatrix(metric, (entry,), COLUMNS, ((SiteCell(0.1, None), cell),))
        )[1].note

    accuracy, by_accuracy = change_of(primary_metric("single"))
    assert accuracy.verdict is not None
    assert accuracy.verdict.state == "non-inferior"
    assert "Non-inferior: the 95 % interval excludes a larger loss" in by_accuracy
    brier_score = metric_named("brier_score")
    assert brier_score is not None
    brier, by_brier = change_of(brier_score)
    assert (brier.change, brier.verdict) == (rise, None)
    assert "lower is better" in by_brier
    assert "Verdicts are on accuracy alone" in by_brier
