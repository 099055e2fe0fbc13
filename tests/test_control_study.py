"""A whole study with a control: its runs, what they are compared with, and an older study."""

import json

import pytest

from medtui.analysis.baselines import baseline_of, describe_missing_controls
from medtui.analysis.column_choice import usual_columns
from medtui.analysis.differences import differences_of_all
from medtui.analysis.run_record import read_run_records
from medtui.analysis.run_tables import runs_table
from medtui.jobs.launcher import resume_study, start_study, stop_study
from medtui.preset import load_preset
from medtui.runs.folder import StudyFolder
from tests.helpers.command_line import run_medtui
from tests.helpers.earlier_version import call_medtui
from tests.helpers.paths import RECORDED
from tests.helpers.study_processes import (
    assert_same_outcome,
    is_over,
    num_cycles_told,
)
from tests.helpers.waiting import wait_until

PRESET = """
name = "small"
[data]
card = "demo"
limit = 48
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 2
batch_size = 16
lr = 0.01
[compress]
schemes = ["Quantize32"]
control = true
[lc]
cycles = 3
steps = 4
batch_size = 16
mu_init = 0.5
[guard]
recalibrate_images = 32
finetune_epochs = 1
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyFolder:
    """A study with a control, carried through by `medtui --run`."""
    folder = tmp_path_factory.mktemp("whole")
    preset = folder / "small.toml"
    preset.write_text(PRESET)
    run_medtui("--run", str(preset), "--runs-dir", str(folder / "runs"))
    return StudyFolder(folder / "runs" / "small")


def within(study: StudyFolder) -> tuple[str, str]:
    """Return the option that names the study's runs folder."""
    return "--runs-dir", str(study.path.parent)


def printed_by(*arguments: str) -> str:
    """Return what a command prints."""
    answer = call_medtui(*arguments)
    assert answer.code == 0, answer.stderr
    return answer.stdout


def test_the_control_is_a_run_with_the_bits_of_a_scheme_that_changes_nothing(study):
    """L-C, fine-tuning and recalibration are the same; the C step leaves w as it is."""
    assert [run.name for run in study.runs()] == ["reference", "control", "quantize32"]
    assert_same_outcome(study.run("control"), study.run("quantize32"))


def test_changes_are_against_the_control_and_the_reference_stands_beside(study):
    """What changes nothing has no change, though the longer training moved every logit."""
    entries, _ = read_run_records(study.runs())
    reference, control, rounded = entries
    assert baseline_of(rounded, entries) is control
    assert baseline_of(control, entries) is reference
    assert baseline_of(rounded, entries, reference) is reference
    assert not describe_missing_controls(entries)
    found = differences_of_all(entries, None)[0][rounded.key]
    assert found.baseline == control.key
    assert all(each.value == 0 for each in found.by_metric.values())
    assert found.from_reference is not None
    assert any(each.value != 0 for each in found.from_reference.by_metric.values())
    table = runs_table(entries, usual_columns(entries), {rounded.key: found})
    assert "change of accuracy from the reference" in table.headers


def test_json_has_both_changes(study):
    """`change` keeps its meaning, the difference from the reference."""
    lines = printed_by("runs", "compare", study.name, "--json", *within(study)).splitlines()
    compared = {each["run"]: each for each in map(json.loads, lines)}
    rounded = compared["small/quantize32"]
    assert (rounded["baseline"], rounded["control"]) == ("small/reference", "small/control")
    assert rounded["change"].keys() == rounded["change_control"].keys()
    assert rounded["change_control"]["accuracy"]["value"] == 0
    assert "change_control" not in compared["small/control"]
    shown = json.loads(printed_by("runs", "show", "small/quantize32", "--json", *within(study)))
    assert shown["change_control"] == rounded["change_control"]
    assert shown["result"]["test"]["reference"]


def test_tables_name_what_they_compare_with(study):
    """The table of a study has a column for each of the two."""
    assert "from control" in printed_by("runs", "show", study.name, *within(study))
    assert "control, test" in printed_by("runs", "show", "small/quantize32", *within(study))


def test_a_stopped_control_ends_with_the_same_bits(study, tmp_path):
    """The control's own preset repeats it, and an interruption changes nothing."""
    repeated = start_study(load_preset(str(study.run("control").preset)), tmp_path / "runs")
    run = repeated.run("control")
    wait_until(lambda: num_cycles_told(run) >= 1, "a cycle")
    stop_study(repeated)
    wait_until(lambda: is_over(repeated), "the supervisor's end")
    if not run.result.is_file():
        resume_study(repeated)
        wait_until(lambda: is_over(repeated), "the end of the resumed study")
    assert [each.name for each in repeated.runs()] == ["reference", "control"]
    assert_same_outcome(run, study.run("control"))


def test_a_study_of_an_earlier_version_is_compared_with_its_reference():
    """It has no control; its changes are against the reference, and the table says so."""
    folders = StudyFolder(RECORDED / "cells").runs()
    entries, _ = read_run_records(folders)
    found, _ = differences_of_all(entries, None)
    assert {each.baseline for each in found.values()} == {"cells/reference"}
    assert all(each.from_reference is None for each in found.values())
    note = runs_table(entries, usual_columns(entries), found).note
    assert "No control in cells: changes are against the reference, which trained less." in note
