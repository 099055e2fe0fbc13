"""A run's letter and colour: its own, the same everywhere, and nobody else's."""

import os
import shutil
from pathlib import Path

from medtui.analysis.run_record import all_runs, read_run_records
from medtui.charts.figures.data import FigureData, chart_runs
from medtui.charts.figures.registry import FIGURES
from medtui.charts.figures.run import metric_plot
from medtui.charts.figures.run_telemetry import memory_plot, utilisation_plot
from medtui.charts.run_identity import (
    CONTROL_LETTER,
    NUM_HUES,
    REFERENCE_LETTER,
    identify_run,
    identify_runs,
    identify_study,
    tell_apart,
)
from medtui.charts.selection import Marks
from medtui.monitor.folder_reader import FolderReader
from medtui.reporting.contents import gather
from medtui.runs.folder import StudyFolder
from medtui.tui.compare.model import ComparisonLoader
from tests.helpers.paths import RECORDED


def recorded(runs_dir: Path) -> StudyFolder:
    """Copy the recorded cells; their runs were planned in an order that is not the alphabet's."""
    study = StudyFolder(shutil.copytree(RECORDED / "cells", runs_dir / "cells"))
    for second, name in enumerate(("reference", "prune-0.1", "filterprune50", "prune-0.1-s1",
                                   "filterprune50-s1")):  # fmt: skip
        os.utime(study.run(name).preset, (1_000_000 + second, 1_000_000 + second))
    return study


def test_many_runs_differ_in_letter_and_in_look() -> None:
    """Beyond the colours of the palette, a hue returns with another marker."""
    found = identify_study("study", ["reference", *(f"run-{number}" for number in range(100))])
    assert len({each.letter for each in found.values()}) == 101
    assert len({(each.tint, each.variant) for each in found.values()}) == 101
    first = [found[f"study/run-{number}"] for number in range(NUM_HUES)]
    assert len({each.tint for each in first}) == NUM_HUES
    assert found["study/reference"].letter == REFERENCE_LETTER


def test_references_and_controls_take_no_letter_and_no_hue() -> None:
    """What others are compared with looks like none of them; the runs begin with A all the same."""
    names = ["reference", "reference-s1", "control", "control-s1-r1", "prune-0.1", "scratch"]
    found = identify_study("study", names)
    assert [each.letter for each in found.values()] == [
        REFERENCE_LETTER, f"{REFERENCE_LETTER}b", CONTROL_LETTER, f"{CONTROL_LETTER}b", "A", "B",
    ]  # fmt: skip
    tints = [each.tint for each in found.values()]
    assert tints == ["muted", "muted", "strong", "strong", 0, 1]
    assert identify_run("study", "scratch", names) == found["study/scratch"]


def test_a_new_run_changes_no_other() -> None:
    """A search appends its samples; what is on screen keeps its letter and colour."""
    names = ["reference", "prune-0.5", "prune-0.1"]
    before = identify_study("study", names)
    after = identify_study("study", [*names, "prune-0.31"])
    assert before.items() <= after.items()
    assert after["study/prune-0.31"].letter == "C"


def test_runs_of_several_studies_are_told_apart() -> None:
    """The second study's letters have a 2; the first study's stay as its own screens show them."""
    one, two = (identify_study(name, ["reference", "a", "b"]) for name in ("one", "two"))
    found = list(tell_apart([*one.values(), *two.values()]))
    assert [each.letter for each in found] == ["◇", "A", "B", "◇2", "A2", "B2"]
    assert len({(each.tint, each.variant) for each in found}) == 6


def test_a_run_looks_the_same_on_run_compare_report_and_in_files(tmp_path: Path) -> None:
    """Letter and colour are read in each place from what it draws, and are equal."""
    study = recorded(tmp_path)
    finished = ComparisonLoader(tmp_path).load()
    marks = Marks(finished.identities)
    for entry in reversed(finished.entries):
        marks.add(entry.key)
    on_compare = {mark.key: (mark.letter, mark.tint) for mark in marks}

    (contents,) = gather([study], lambda _what: None)
    in_report = {run.entry.key: (run.mark.letter, run.mark.tint)
                 for run in contents.figure_data.runs}  # fmt: skip

    on_run = {}
    for key in on_compare:
        view = FolderReader(tmp_path).read(key, refresh_all=True).view
        assert view is not None
        for plot in (
            metric_plot(view, metric=view.row.headline),
            memory_plot(view),
            utilisation_plot(view),
        ):
            own = plot.series[0]
            assert on_run.setdefault(key, (own.letter, own.tint)) == (own.letter, own.tint)

    assert on_compare == in_report == on_run
    assert on_compare["cells/prune-0.1"] == ("A", 0)
    assert on_compare["cells/filterprune50-s1"] == ("D", 3)


def test_in_every_figure_a_letter_is_one_run(tmp_path: Path) -> None:
    """No tab gives a run's letter or its colour to another run."""
    study = recorded(tmp_path)
    (contents,) = gather([study], lambda _what: None)
    data = contents.figure_data
    looks = {run.mark.letter: (run.title, run.mark.tint) for run in data.runs}
    num_seen = 0
    for figure in FIGURES:
        for plot in figure.build(data):
            for series in plot.series:
                if series.letter:
                    assert looks[series.letter][1] == series.tint
                    assert series.label in {looks[series.letter][0], ""}
                    num_seen += 1
    assert num_seen > len(FIGURES)


def test_a_comparison_of_two_studies_keeps_their_own_colours(tmp_path: Path) -> None:
    """A run's colour is its study's to give, whoever stands beside it."""
    recorded(tmp_path)
    shutil.copytree(tmp_path / "cells", tmp_path / "more")
    entries, _ = read_run_records(all_runs(tmp_path))
    own = identify_runs(all_runs(tmp_path))
    runs = chart_runs(entries)
    assert {run.mark.tint == own[run.entry.key].tint for run in runs} == {True}
    assert len({run.mark.letter for run in runs}) == len(runs)
    assert FigureData(runs).headline.name == "accuracy"
