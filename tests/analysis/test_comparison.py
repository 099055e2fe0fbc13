"""Comparison of runs: columns, filters, groups, differences, on recorded run folders."""

import math
import shutil
from pathlib import Path

import msgspec
import pytest

from medtui.analysis.column import FORMER_NAMES
from medtui.analysis.column_choice import differing, usual_columns
from medtui.analysis.columns import all_columns, column_named, columns_named
from medtui.analysis.differences import difference_text, differences_of_all
from medtui.analysis.filters import parse_filter
from medtui.analysis.groups import group_runs, mean_and_spread
from medtui.analysis.low_fidelity import describe_low_fidelity, split_by_fidelity
from medtui.analysis.pareto import pareto_front
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records, reference_of
from medtui.analysis.run_tables import classes_table, layers_table, runs_table
from medtui.analysis.search_tables import describe_outcome, samples_table
from medtui.analysis.settings import setting_differences
from medtui.analysis.sorting import sort_runs
from medtui.analysis.table import table_csv, table_markdown
from medtui.errors import UsageError
from medtui.metrics import class_metric
from medtui.runs.search_record import SearchRecord, read_search
from medtui.telemetry import Level, TelemetrySummary
from tests.helpers.paths import RECORDED
from tests.helpers.searched_study import PROBES, write_searched_study


@pytest.fixture(scope="module")
def cells() -> list[RunRecord]:
    """Return the recorded study of cells: a reference, two schemes with two seeds each."""
    entries, problems = read_run_records(
        run for run in all_runs(RECORDED) if "cells" in str(run.path)
    )
    assert not problems
    return entries


@pytest.fixture
def searched(tmp_path: Path) -> list[RunRecord]:
    """Return the cells with two low-fidelity runs, and a search that chose density 0.1."""
    write_searched_study(tmp_path)
    entries, problems = read_run_records(all_runs(tmp_path))
    assert not problems
    return entries


def _names(entries: list[RunRecord]) -> list[str]:
    return [entry.folder.name for entry in entries]


def test_the_reference_comes_first(cells: list[RunRecord]) -> None:
    """Runs are in order of studies, the reference before its compressions."""
    assert _names(cells)[0] == "reference"
    assert len(cells) == 5
    assert reference_of(cells[2], cells) is cells[0]


@pytest.mark.parametrize("column", all_columns(), ids=lambda column: column.name)
def test_every_column_reads_a_real_run(column, cells: list[RunRecord]) -> None:
    """No column fails on recorded results; a missing value is a dash."""
    assert all(column.text(entry) for entry in cells)


def test_a_density_that_its_scheme_fixes_is_found(cells: list[RunRecord]) -> None:
    """FilterPrune50 fixes its density; the grid has none for it."""
    fixed = next(entry for entry in cells if entry.folder.name == "filterprune50")
    assert fixed.result.density is None
    assert fixed.density == 0.5


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("scheme=prune", ["prune-0.1", "prune-0.1-s1"]),
        ("scheme!=Prune seed=1", ["filterprune50-s1"]),
        ("density<0.5", ["prune-0.1", "prune-0.1-s1"]),
        ("density>=50%", ["filterprune50", "filterprune50-s1"]),
        ("density=none", ["reference"]),
        ("run~s1$ scheme!~filter", ["prune-0.1-s1"]),
        ("filter seed=0", ["filterprune50"]),
        ("param<2e6", ["prune-0.1", "prune-0.1-s1"]),
        ("acc>2", []),
        ("reference OR seed=1", ["reference", "filterprune50-s1", "prune-0.1-s1"]),
        ("NOT scheme=Prune NOT reference", ["filterprune50", "filterprune50-s1"]),
        (
            "scheme=Prune AND NOT seed=1 OR density=50%",
            ["prune-0.1", "filterprune50", "filterprune50-s1"],
        ),
        ("has:density has:acc seed=0", ["prune-0.1", "filterprune50"]),
        ("NOT has:density", ["reference"]),
        ("has:exported OR has:latency", []),
        ("or not", []),
        ("smaller>2", ["prune-0.1", "prune-0.1-s1"]),
    ],
)
def test_filters(expression: str, expected: list[str], cells: list[RunRecord]) -> None:
    """All terms must hold; numbers, shares, words and regular expressions are distinguished."""
    holds = parse_filter(expression)
    assert sorted(_names([entry for entry in cells if holds(entry)])) == sorted(expected)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [("denisty<1", "Did you mean `density`"), ("scheme<3", "needs a number"),
     ("run~(", "not a regular expression"), ('run="a', "unclosed quote"), ("s=1", "is ambiguous"),
     ("a OR", "no term beside `OR`"), ("OR a", "no term beside `OR`"),
     ("a NOT", "no term beside `NOT`"), ("has:denisty", "Did you mean `density`")],
)  # fmt: skip
def test_an_invalid_filter_is_explained(expression: str, sentence: str) -> None:
    """Each mistake has its own message."""
    with pytest.raises(UsageError) as error:
        parse_filter(expression)
    assert sentence in str(error.value)


def test_columns_are_found_by_their_beginnings() -> None:
    """`acc`, `sens` and `peak` are accepted; an ambiguous beginning is not."""
    assert [column.name for column in columns_named("acc,sens peak")] == [
        "accuracy", "sensitivity", "peak_memory",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="is ambiguous"):
        column_named("val_s")


def test_columns_that_do_not_differ_can_be_hidden(cells: list[RunRecord]) -> None:
    """Columns with one value are hidden; the run's name is not."""
    pruned = [entry for entry in cells if entry.result.scheme == "Prune"]
    names = [column.name for column in differing(usual_columns(pruned), pruned)]
    assert "run" in names
    assert not {"scheme", "density"} & set(names)


def test_missing_values_come_last_in_either_order(cells: list[RunRecord]) -> None:
    """The reference has no density, and is last in both orders."""
    for by in ("density", "-density"):
        assert _names(sort_runs(cells, by))[-1] == "reference"
    assert _names(sort_runs(cells, "scheme"))[0].startswith("filter")


def test_groups_have_mean_and_spread_over_seeds(cells: list[RunRecord]) -> None:
    """Two seeds have a mean and a standard deviation; one run has a mean only."""
    groups = {group.label: group for group in group_runs(cells, ["scheme"])}
    assert {label: len(group.members) for label, group in groups.items()} == {
        "reference": 1, "FilterPrune50": 2, "Prune": 2,
    }  # fmt: skip
    accuracy = column_named("accuracy")
    one, other = (accuracy.number(entry) for entry in groups["Prune"].members)
    assert groups["Prune"].mean(accuracy) == pytest.approx((one + other) / 2)
    assert groups["Prune"].spread(accuracy) == pytest.approx(abs(one - other) / 2**0.5)
    assert "±" not in mean_and_spread(groups["reference"], accuracy)


def test_differences_are_paired_with_the_reference_or_a_pin(cells: list[RunRecord]) -> None:
    """Without a pin, each run is compared with its study's reference, which has no difference."""
    found, problems = differences_of_all(cells, None)
    assert not problems
    assert "cells/reference" not in found
    prune = next(entry for entry in cells if entry.folder.name == "prune-0.1")
    expected = prune.metric("test", "accuracy") - cells[0].metric("test", "accuracy")
    difference = found["cells/prune-0.1"].by_metric["accuracy"]
    assert difference.value == pytest.approx(expected)
    assert not difference.has_interval  # of too few patients
    assert math.isnan(difference.detectable)
    pinned, _ = differences_of_all(cells, prune)
    assert pinned["cells/reference"].by_metric["accuracy"].value == pytest.approx(-expected)


def test_a_difference_is_written_in_points(cells: list[RunRecord]) -> None:
    """Shares differ in percentage points with one decimal, areas in thousandths."""
    found, _ = differences_of_all(cells[:2], None)
    (each,) = found.values()
    for name, decimals in (("accuracy", 1), ("auroc", 3)):
        text = difference_text(column_named(name).metric, each.by_metric[name])
        assert len(text.split()[0].rpartition(".")[2]) == decimals


def test_a_run_without_predictions_is_reported_and_left_out(tmp_path: Path) -> None:
    """Each run that cannot be compared has one message."""
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    (tmp_path / "cells" / "prune-0.1" / "predictions.npz").unlink()
    entries, _ = read_run_records(all_runs(tmp_path))
    found, problems = differences_of_all(entries, None)
    assert "cells/prune-0.1" not in found
    assert len(found) == 3
    assert len(problems) == 1


def test_settings_that_differ_are_listed(cells: list[RunRecord]) -> None:
    """Scheme and seed differ and are listed; steps and the note are not."""
    keys = {line.key for line in setting_differences(cells[1:])}
    assert "compress.seeds" in keys
    assert "compress.schemes" in keys
    assert not {"lc.steps", "note"} & keys


def test_the_front_has_no_dominated_point() -> None:
    """Dominated points are left out; equal points count once."""
    points = [(4.0, 0.9), (1.0, 0.5), (2.0, 0.8), (3.0, 0.7), (2.0, 0.8)]
    assert pareto_front(points) == [1, 2, 0]
    assert pareto_front([]) == []


def test_tables_can_be_written(cells: list[RunRecord]) -> None:
    """Each row is as wide as the headers, in every format."""
    found, _ = differences_of_all(cells, None)
    metric = class_metric("single")
    for table in (
        runs_table(cells, usual_columns(cells), found),
        classes_table(cells, metric),
        layers_table(cells),
    ):
        assert all(len(row) == len(table.headers) for row in table.rows)
        assert len(table_csv(table).splitlines()) == 1 + len(table.rows)
        assert table_markdown(table).count("\n| ") >= len(table.rows)


def test_a_table_needs_result_files_alone(tmp_path: Path, cells: list[RunRecord]) -> None:
    """The default columns read no other files, so a thousand runs take a thousand small reads."""
    for entry in cells:
        target = tmp_path / "cells" / entry.folder.name
        target.mkdir(parents=True)
        shutil.copy(entry.folder.result, target)
        shutil.copy(entry.folder.preset, target)
    entries, problems = read_run_records(all_runs(tmp_path))
    assert not problems
    assert all(column.text(entry) for entry in entries for column in usual_columns(entries))
    assert all(column.opens == "result" for column in usual_columns(entries))


def test_averages_are_those_of_the_compress_stage(cells: list[RunRecord]) -> None:
    """Other stages are excluded; a result without stages has averages over all its telemetry."""
    entry, memory = cells[1], column_named("process_memory")
    level = Level(mean=5.0, peak=9.0, num_samples=3)
    stages = {"compress": TelemetrySummary(3, 2.0, process_memory_bytes=level)}
    staged = RunRecord(entry.folder, msgspec.structs.replace(entry.result, vitals=stages))
    assert memory.number(staged) == 5.0
    assert (memory.number(entry) or 0) > 5.0


def test_low_fidelity_runs_are_recognised_by_their_folders(searched: list[RunRecord]) -> None:
    """Their number and cycles are described together."""
    whole, probes = split_by_fidelity(searched)
    assert {probe.folder.name for probe in probes} == set(PROBES)
    assert len(whole) == 5
    assert describe_low_fidelity(probes) == "2 low-fidelity runs (2 cycles)"
    assert describe_low_fidelity(probes[:1]) == "1 low-fidelity run (2 cycles)"


def test_low_fidelity_runs_are_not_averaged_with_others(searched: list[RunRecord]) -> None:
    """Whatever the columns, they form a group of their own, named so."""
    groups = group_runs(searched, ["scheme"])
    sizes = {group.label: len(group.members) for group in groups}
    assert (sizes["reference"], sizes["FilterPrune50"], sizes["Prune"]) == (1, 2, 2)
    for group in groups:
        is_low = group.label.startswith("Prune low-fidelity")
        assert {entry.is_probe for entry in group.members} == {is_low}
    assert sum(entry.is_probe for group in groups for entry in group.members) == 2


def test_the_role_of_a_run_in_a_search_is_a_column(searched: list[RunRecord]) -> None:
    """It is a default column of studies with a search, and filters accept old and new words."""
    assert "search" in [column.name for column in usual_columns(searched)]
    for word, expected in (
        ("chosen", ["prune-0.1"]),
        ("probe", sorted(PROBES)),
        ("low-fidelity", sorted(PROBES)),
    ):
        holds = parse_filter(f"search={word}")
        assert sorted(_names([entry for entry in searched if holds(entry)])) == expected


def test_without_a_search_there_is_no_such_column(cells: list[RunRecord]) -> None:
    """Runs of a study without a search have no role."""
    assert "search" not in [column.name for column in usual_columns(cells)]
    assert not any(entry.is_probe or entry.is_chosen for entry in cells)


def test_a_damaged_search_hides_no_run(searched: list[RunRecord]) -> None:
    """Runs are still listed, none of them as chosen."""
    study = searched[0].folder.study
    study.search.write_text("{")
    entries, problems = read_run_records(study.runs())
    assert len(entries) == len(searched)
    assert not problems
    assert not any(entry.is_chosen for entry in entries)


def test_samples_of_a_search_are_in_the_order_of_planning(
    searched: list[RunRecord],
) -> None:
    """Each has its role; the chosen one is marked, and the sentence names it."""
    (search,) = (read_search(searched[0].folder.study) or SearchRecord()).searches
    table = samples_table(search)
    assert [row[4] for row in table.rows] == ["low-fidelity", "low-fidelity", "chosen"]
    assert table.rows[0][1:4] == ("0.2", "89.0 % ± 0.4", "yes")
    assert table.marks == ("", "", "chosen")
    assert "of 88.0 % by 1.64 standard errors" in table.note
    assert describe_outcome(search) == (
        "Prune: density 0.1 has 89.5 % accuracy on val, bound 88.0 %, size reduction 10x "
        "(3 samples, budget spent)"
    )


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_former_names_of_columns_are_accepted(
    former: str, name: str, cells: list[RunRecord]
) -> None:
    """In lists of columns, as a beginning, and in filters; JSON output keeps them as keys."""
    (column,) = columns_named(former)
    assert column.name == name
    assert column.json_key == former
    assert column_named(former[:-1]) is column_named(former)
    assert all(map(parse_filter(f"{former}>=0"), cells))
