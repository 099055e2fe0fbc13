"""What test patients can show: in sentences, in tables, and before a study."""

import math
from dataclasses import replace

import pytest

from medtui.analysis.column_choice import usual_columns
from medtui.analysis.differences import differences_of_all
from medtui.analysis.power import describe_power, describe_power_of_runs
from medtui.analysis.run_record import read_run_records
from medtui.analysis.run_tables import VERDICT, runs_table
from medtui.datasets.power import PATIENT_DEVIATION, forecast_power
from medtui.datasets.summary import summarise_dataset
from medtui.metrics import metric_named
from medtui.metrics.intervals import Difference
from medtui.metrics.jackknife import detectable
from medtui.preset import parse_preset
from medtui.runs.folder import StudyFolder
from tests.helpers.paths import RECORDED

ACCURACY = metric_named("accuracy")


def _difference(margin: float) -> Difference:
    return Difference(0.0, -margin, margin, margin / 1.96, margin)


def test_power_names_patients_and_the_range_of_margins() -> None:
    """Of several runs the smallest and the largest."""
    text = describe_power(
        29, 14.8, [_difference(0.019), _difference(0.011)], ACCURACY, unit="patient"
    )
    assert text == (
        "29 test patients (effective number 14.8); if nothing is lost, non-inferiority at a "
        "margin of 1.1 to 1.9 points in accuracy is shown with a power of 80 %."
    )
    same = Difference(0.0, -0.1, 0.1, 0.0, math.nan, None, is_constant=True)
    assert "not known (the same in every patient" in describe_power(
        29, 14.8, [same], ACCURACY, unit="patient"
    )


def test_a_run_that_lost_much_widens_no_range() -> None:
    """What is shown if nothing is lost cannot be told from a run that lost half."""
    lost = Difference(-0.5, -0.6, -0.4, 0.05, 0.149)
    text = describe_power(29, 14.8, [_difference(0.011), lost], ACCURACY, unit="patient")
    assert "at a margin of 1.1 points in" in text
    alone = describe_power(29, 14.8, [lost], ACCURACY, unit="patient")
    assert "at a margin of 14.9 points in" in alone


def test_the_power_of_a_margin_is_80_percent() -> None:
    """With many patients: 1.96 + 0.84 standard errors."""
    assert detectable(1.0, 1e6) == pytest.approx(1.95996 + 0.84162, abs=1e-3)


def test_compare_has_a_verdict_for_each_run_and_the_power_in_its_note() -> None:
    """On the primary metric, behind its change."""
    entries, _ = read_run_records(StudyFolder(RECORDED / "cells").runs())
    found, _ = differences_of_all(entries, None)
    table = runs_table(entries, usual_columns(entries), found)
    at = table.headers.index(VERDICT)
    assert table.headers[at - 1] == "change of accuracy"
    for entry, row in zip(entries, table.rows, strict=True):
        verdict = found[entry.key].verdict(ACCURACY, entry.margin) if entry.key in found else None
        assert row[at] == (verdict.text if verdict else "")
    assert "(effective number " in table.note
    assert "Margin (evaluate.margin)" in table.note
    assert describe_power_of_runs({}, ACCURACY) == ""


def test_a_dry_run_forecasts_what_the_test_split_can_show() -> None:
    """The demo has too few test patients; more of them would show a margin."""
    survey = summarise_dataset(parse_preset('name = "t"\ndata.card = "demo"\n', "t").data)
    power = forecast_power(survey)
    assert power.shortage == "6 patients, fewer than 9"
    assert power.margin is None
    assert 1 < power.num_effective <= 6
    *others, test = survey.splits
    many = replace(test, num_patients=29, num_effective=14.8, counts={"a": 9, "b": 291})
    power = forecast_power(replace(survey, splits=(*others, many)))
    assert power.margin == pytest.approx(detectable(PATIENT_DEVIATION / 14.8**0.5, 14.8))
    assert 0.02 < power.margin < 0.03
    assert power.rare_classes == ["a", "b"]
