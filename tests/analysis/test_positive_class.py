"""The positive class beside the numbers: in tables, files, groups and the report."""

import csv
import io
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from medtui.analysis.column_choice import usual_columns, with_positive_class
from medtui.analysis.columns import column_named, columns_named
from medtui.analysis.filters import parse_filter
from medtui.analysis.group_tables import groups_table
from medtui.analysis.groups import Group, mean_and_spread
from medtui.analysis.run_record import RunRecord, read_run_records
from medtui.analysis.run_tables import classes_table, runs_table
from medtui.analysis.split_result import measure_split
from medtui.analysis.table import table_csv, table_markdown
from medtui.metrics import metric_named
from medtui.runs.folder import StudyFolder
from medtui.runs.predictions import pack_predictions, read_predictions
from medtui.runs.result import read_result, write_result
from tests.helpers.earlier_version import call_medtui
from tests.helpers.paths import RECORDED

LATER, EARLIER = "Uninfected", "Parasitized (second class)"


def records(study: StudyFolder) -> list[RunRecord]:
    """Return a study's finished runs."""
    return read_run_records(study.runs())[0]


@pytest.fixture
def earlier(tmp_path: Path) -> StudyFolder:
    """Return a study of a version that recorded no positive class; its second is Parasitized."""
    return StudyFolder(Path(shutil.copytree(RECORDED / "cells", tmp_path / "runs" / "earlier")))


@pytest.fixture
def later(earlier: StudyFolder) -> StudyFolder:
    """Return the same study as if its card named Uninfected as the positive class."""
    study = StudyFolder(Path(shutil.copytree(earlier.path, earlier.path.with_name("later"))))
    reference = None
    for run in study.runs():
        stored = read_predictions(run.predictions)
        named = type(stored)(stored.classes, stored.splits, LATER)
        run.predictions.write_bytes(pack_predictions(named))
        reference = reference or named
        result = read_result(run)
        assert result is not None
        parts = {
            name: measure_split(named, name, reference, loss=0.7, resamples=20, seed=0)
            for name in ("val", "test")
        }
        write_result(
            run, msgspec.structs.replace(result, study="later", positive_class=LATER, **parts)
        )
    return study


def test_numbers_of_the_other_class_are_swapped_and_named(
    earlier: StudyFolder, later: StudyFolder
) -> None:
    """Sensitivity for one class is specificity for the other."""
    old, new = records(earlier)[-1], records(later)[-1]
    assert new.metric("test", "sensitivity") == old.metric("test", "specificity")
    assert new.metric("test", "specificity") == old.metric("test", "sensitivity")
    assert str(new.result.positive) == LATER
    assert str(old.result.positive) == EARLIER


def test_a_table_names_the_class_in_its_headers_and_files_keep_their_keys(
    earlier: StudyFolder,
) -> None:
    """Markdown is for people; CSV has the class in a column of its own."""
    table = runs_table(records(earlier), columns_named("run sensitivity"))
    assert f"| test sensitivity for {EARLIER} |" in table_markdown(table)
    rows = list(csv.DictReader(io.StringIO(table_csv(table))))
    assert list(rows[0]) == ["run", "test sensitivity", "positive_class"]
    assert {row["positive_class"] for row in rows} == {"Parasitized"}
    accuracy = runs_table(records(earlier), columns_named("run accuracy"))
    assert accuracy.positive_classes == ()
    assert table_csv(accuracy).splitlines()[0] == "run,test accuracy"


def test_runs_about_different_classes_say_so_row_by_row(
    earlier: StudyFolder, later: StudyFolder
) -> None:
    """No header can be true of both; a mean over both is not shown."""
    both = [*records(earlier), *records(later)]
    columns = with_positive_class(columns_named("run accuracy sensitivity"), both)
    assert [column.name for column in columns] == [
        "run",
        "accuracy",
        "positive_class",
        "sensitivity",
    ]
    table = runs_table(both, columns)
    assert {row[2] for row in table.rows} == {EARLIER, LATER}
    assert table.shown[3] == "test sensitivity"
    dense = Group("reference", tuple(each for each in both if each.folder.is_reference))
    assert mean_and_spread(dense, column_named("sensitivity")) == "—"
    assert mean_and_spread(dense, column_named("accuracy")) != "—"
    assert with_positive_class(usual_columns(records(later)), records(later)) == usual_columns(
        records(later)
    )
    grouped = groups_table([dense], [column_named("sensitivity")])
    assert grouped.positive_classes == ("", "Parasitized", LATER)
    holds = parse_filter("positive_class=Uninfected")
    assert {entry.folder.study.name for entry in both if holds(entry)} == {"later"}


def test_a_run_is_compared_with_any_baseline_for_its_own_positive_class(
    earlier: StudyFolder, later: StudyFolder
) -> None:
    """The same network in two studies has not changed, whichever class is the positive one."""
    found = call_medtui(
        "runs", "compare", "later/prune-0.1", "--pin", "earlier/prune-0.1", "--json",
        "--columns", "sensitivity", "--runs-dir", str(earlier.path.parent),
    )  # fmt: skip
    (shown,) = found.objects
    assert shown["positive_class"] == LATER
    assert shown["change"]["sensitivity"]["value"] == 0


def test_the_last_row_of_a_table_of_classes_is_about_the_positive_class(
    earlier: StudyFolder, later: StudyFolder
) -> None:
    """It stood there as `all`."""
    sensitivity = metric_named("sensitivity")
    assert sensitivity is not None
    for study, words in ((earlier, EARLIER), (later, LATER)):
        *classes, whole = classes_table(records(study), sensitivity).rows
        assert whole[0] == f"all, for {words}"
        (own,) = [row for row in classes if row[0] == words.partition(" ")[0]]
        assert whole[2:] == own[2:]


@pytest.mark.parametrize(("name", "words"), [("earlier", EARLIER), ("later", LATER)])
def test_show_compare_and_report_name_it(
    earlier: StudyFolder, later: StudyFolder, tmp_path: Path, name: str, words: str
) -> None:
    """Wherever sensitivity, specificity, F1 and average precision stand."""
    folder = str(later.path.parent)
    shown = call_medtui("runs", "show", f"{name}/prune-0.1", "--runs-dir", folder).stdout
    for metric in ("average precision", "sensitivity", "specificity", "F1"):
        assert f"\n{metric} for {words} " in shown
    compared = call_medtui("runs", "compare", name, "--runs-dir", folder).stdout
    assert f"test sensitivity for {words}" in compared
    (found,) = call_medtui(
        "runs", "show", f"{name}/prune-0.1", "--json", "--runs-dir", folder
    ).objects
    assert found["positive_class"] == words.partition(" ")[0]
    assert "sensitivity" in found["result"]["test"]["metrics"]
    for ending in ("md", "html"):
        target = tmp_path / f"report.{ending}"
        assert call_medtui("report", name, "-o", str(target), "--runs-dir", folder).code == 0
        text = target.read_text(encoding="utf-8")
        assert f"test specificity for {words}" in text
        assert f"Sensitivity, specificity, F1 and average precision are for {words}." in text


def test_a_result_of_an_earlier_version_has_no_class_in_its_file(earlier: StudyFolder) -> None:
    """The recorded files are as they were written."""
    assert "positive_class" not in json.loads(earlier.reference.result.read_text(encoding="utf-8"))
