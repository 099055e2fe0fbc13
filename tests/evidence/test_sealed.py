"""A sealed test: not evaluated, not shown, and opened by a gate alone, which leaves a line."""

import json
import shutil

import numpy as np
import pytest
import torch

from medtui.analysis.run_record import read_run_records
from medtui.analysis.run_tables import classes_table
from medtui.analysis.study_outcome import outcome_of
from medtui.charts.figures.study_picture import study_picture
from medtui.charts.palette import DARK
from medtui.charts.run_identity import identify_study
from medtui.engine.external.evaluation import Evaluation
from medtui.engine.run.load_run import preset_of
from medtui.errors import MedtuiError
from medtui.events import CycleEnded
from medtui.evidence.gate_record import read_gates
from medtui.evidence.plan import StatedPlan
from medtui.metrics import metric_named
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_study import summarise_study
from medtui.preset.external import ExternalSite
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import read_ledger, verify_ledger
from medtui.runs.log.reader import EventTail
from medtui.runs.predictions import SealedTest, read_predictions
from medtui.runs.result import read_result
from medtui.runs.run_digests import predictions_of
from medtui.storage import digest_of_file
from medtui.tui.widgets.study_list import run_cells
from medtui.units import format_percent
from tests.evidence.conftest import gate
from tests.helpers.sealed_study import PLAN

RUNS = ("reference", "control", "prune-0.9")


@pytest.fixture
def sealed(twins, tmp_path) -> StudyFolder:
    """Return a copy of the sealed study."""
    shutil.copytree(twins.sealed.path, tmp_path / "runs" / "sealed")
    return StudyFolder(tmp_path / "runs" / "sealed")


@pytest.fixture
def stated(tmp_path) -> StatedPlan:
    """Return the plan."""
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return StatedPlan(path)


@pytest.mark.parametrize("name", RUNS)
def test_no_number_of_test_is_in_a_sealed_run(twins, name):
    """Neither result nor log nor predictions know anything of test but its size."""
    run, opened = twins.sealed.run(name), read_result(twins.open.run(name))
    result = read_result(run)
    assert result.is_sealed
    assert result.test.metrics == {}
    assert set(result.test.per_class) == set(opened.test.per_class)
    sizes = ("num_images", "num_patients", "num_effective")
    assert [getattr(result.test, each) for each in sizes] == [
        getattr(opened.test, each) for each in sizes
    ]
    assert result.val == opened.val
    events = [record.event for record in EventTail(run.events).read_all()]
    cycles = [each for each in events if isinstance(each, CycleEnded)]
    assert cycles
    assert not any(each.test for each in cycles)
    assert set(np.load(run.predictions).files) & {"test_logits", "test_labels"} == set()
    assert "test" not in (run.changed.read_text() if run.changed.exists() else "")
    with pytest.raises(SealedTest):
        predictions_of(run).scores("test")


def test_the_gate_opens_what_an_open_study_measured(twins, gated):
    """Metrics, intervals and logits of test are those of the study that was never sealed."""
    for name in RUNS:
        result, expected = read_result(gated.run(name)), read_result(twins.open.run(name))
        assert result.seal == "opened"
        assert result.test == expected.test
        found = predictions_of(gated.run(name)).split("test").logits_NK
        np.testing.assert_array_equal(
            found, predictions_of(twins.open.run(name)).split("test").logits_NK
        )


def test_a_second_gate_opens_nothing_and_counts_the_look(gated, stated):
    """An open test is not evaluated again; the claims are judged as before."""
    ((_, first),) = read_gates(gated.run("prune-0.9"))
    second = gate(gated, stated).record
    assert (first.opened, second.opened) == (list(RUNS), [])
    assert (first.look, second.look) == (1, 2)
    assert second.claims == first.claims


def test_the_ledger_names_what_a_gate_read_and_wrote(gated, stated):
    """Each digest of the line is that of the file; the record is found by the ledger."""
    (line,) = read_ledger(gated).lines
    assert verify_ledger(gated) is None
    ((path, record),) = read_gates(gated.run("prune-0.9"))
    assert line.outcome == record.decision
    assert line.inputs["plan"] == record.plan_sha256 == stated.digest.sha256
    files = {**line.results, **{name: each for name, each in line.inputs.items() if "/" in name}}
    assert len(files) == 3 + 1 + 4
    assert path.relative_to(gated.path).as_posix() in files
    for name, expected in files.items():
        assert digest_of_file(gated.path / name).sha256 == expected, name


def test_test_is_sealed_until_the_ledger_has_the_line(gated, stated):
    """Files of a gate that was killed before its line count for nothing; the next one opens."""
    line = gated.ledger.read_bytes()
    for left in (b"", line[: len(line) // 2]):
        gated.ledger.write_bytes(left)
        assert all(read_result(gated.run(name)).is_sealed for name in RUNS)
        records, _ = read_run_records([gated.run(name) for name in RUNS])
        assert not any(each.result.test.metrics for each in records)
        assert not any("test" in each.predictions.splits for each in records)
    assert gate(gated, stated).record.opened == list(RUNS)
    assert not any(read_result(gated.run(name)).is_sealed for name in RUNS)


def test_an_opened_result_that_was_changed_is_refused(gated):
    """A result that is not the one in the ledger is an error, and no number is shown."""
    path = gated.run("control").opened.result
    path.write_bytes(path.read_bytes().replace(b'"accuracy": 0', b'"accuracy": 1', 1))
    with pytest.raises(MedtuiError, match="not the one in the study's ledger"):
        read_result(gated.run("control"))


def test_nothing_is_evaluated_where_the_ledger_is_broken(sealed, stated):
    """A gate that could not record its look does not look."""
    sealed.ledger.write_text("{}\n")
    with pytest.raises(MedtuiError, match="line 1"):
        gate(sealed, stated)
    assert not sealed.run("prune-0.9").opened.path.exists()


@pytest.mark.parametrize(
    "words",
    [("runs", "list"), ("runs", "list", "sealed"), ("runs", "show", "sealed/prune-0.9"),
     ("runs", "compare", "sealed"), ("report", "sealed", "-o", "report.md")],
    ids=lambda words: "-".join(words[:2]),
)  # fmt: skip
def test_lists_say_sealed_where_test_would_stand(medtui, sealed, tmp_path, words):
    """Lists, details, comparisons and reports name the seal in place of numbers."""
    done = medtui(*words, "--runs-dir", str(sealed.path.parent))
    assert done.exit_code == 0, done.output
    text = done.stdout if words[0] == "runs" else (tmp_path / "report.md").read_text()
    assert " sealed" in text.replace("sealed/", "")


def test_shares_of_classes_are_sealed_until_a_run_is_opened(twins, gated):
    """No share is made up for a test that nobody evaluated; an opened run beside it has it."""
    metric = metric_named("sensitivity")
    sealed, _ = read_run_records([twins.sealed.run("control"), twins.sealed.run("prune-0.9")])
    opened, _ = read_run_records([gated.run("control")])
    *classes, _ = classes_table(sealed, metric).rows
    assert {row[1:] for row in classes} == {("sealed",) * 3}
    *classes, _ = classes_table([*opened, *sealed], metric).rows
    shares = {name: each["prevalence"] for name, each in opened[0].result.test.per_class.items()}
    assert {row[0]: row[1] for row in classes} == {
        name: format_percent(share) for name, share in shares.items()
    }
    assert all(row[3:] == ("sealed", "sealed") for row in classes)


def test_json_of_a_sealed_run_has_no_number_of_test(medtui, sealed):
    """Programs read null, and that test is sealed."""
    done = medtui(
        "runs", "show", "sealed/prune-0.9", "--json", "--runs-dir", str(sealed.path.parent)
    )
    found = json.loads(done.stdout)
    assert found["result"]["seal"] == "sealed"
    assert found["result"]["test"]["metrics"] == {}


def test_the_outcome_of_a_sealed_study_chooses_by_val(sealed):
    """What Home shows of the study names the choice, and that test is sealed."""
    outcome = outcome_of(sealed)
    assert all(run.value is None for run in outcome.runs)
    if outcome.chosen is not None:
        assert "test is sealed" in outcome.sentences()[0]


def test_predictions_of_a_sealed_run_are_whole(sealed):
    """A sealed file is no damaged one."""
    assert read_predictions(sealed.run("reference").predictions).is_sealed


@pytest.mark.parametrize(
    ("margins", "code", "decision"),
    [((0.3, 0.4, 0.5), 0, "pass"), ((0.001, 0.4, 0.5), 2, "undecided")],
)
def test_the_exit_code_is_the_decision(medtui, twins, tmp_path, margins, code, decision):
    """Of an open study too the look is recorded; `--json` has every claim."""
    shutil.copytree(twins.open.path, tmp_path / "runs" / "open")
    study = StudyFolder(tmp_path / "runs" / "open")
    whole, group, of_class = margins
    text = PLAN.replace("margin = 0.3", f"margin = {whole}").replace("0.4", str(group))
    (tmp_path / "plan.toml").write_text(text.replace("0.5", str(of_class)))
    words = ("gate", "open/prune-0.9", "--plan", "plan.toml", "--json", "-q", "--runs-dir", "runs")
    done = medtui(*words)
    assert done.exit_code == code, done.output
    found = json.loads(done.stdout)
    assert found["decision"] == decision
    claims = [each["about"] for each in found["claims"]]
    assert claims == ["all images", "sex F", "sex M", "class sick"]
    assert found["ledger"]["line"] == len(read_ledger(study).lines) == 1


def test_all_problems_of_a_plan_are_told_at_once(medtui, sealed, tmp_path):
    """Of the plan by itself, then of the plan and the data; nothing is recorded."""
    run = ("gate", "sealed/prune-0.9", "--plan", "plan.toml", "--runs-dir", "runs")
    path = tmp_path / "plan.toml"
    path.write_text('name = "x"\n[whole]\nmargin = 2.0\nmetric = "acuracy"\n')
    told = str(medtui(*run).exception)
    assert ":3: `whole.margin` = 2.0 must be less than 1" in told
    assert ":4: `whole.metric`: no metric with a paired interval. Did you mean `accuracy`?" in told
    path.write_text(PLAN.replace('"sex"', '"sec"').replace('"sick"', '"sic"'))
    told = str(medtui(*run).exception)
    assert "Did you mean `sex`?" in told
    assert "no class `sic`. Did you mean `sick`?" in told
    assert not sealed.ledger.exists()
    path.write_text(PLAN)
    assert "test is sealed" in medtui(*run, "--check").stdout
    assert not sealed.ledger.exists()


def test_evaluate_refuses_the_sealed_test_of_the_run_itself(sealed):
    """Another verb does not open what a gate keeps closed; nothing is stored or recorded."""
    run = sealed.run("prune-0.9")
    home = preset_of(run).data
    asked = ExternalSite(name="home", card=home.card, root=home.root, split="test")
    with pytest.raises(MedtuiError, match="whose test is sealed"):
        list(Evaluation(asked, torch.device("cpu")).run_all([run]))
    assert not sealed.ledger.exists()


def test_home_says_sealed_in_rows_and_pictures(sealed):
    """The list of runs and the picture of a study name the seal in place of test."""
    feed = StudyFeed(sealed)
    feed.refresh()
    summary = summarise_study(feed)
    outcome = outcome_of(sealed)
    (row,) = [run for run in summary.runs if run.name == "prune-0.9"]
    mark = identify_study("sealed", [run.name for run in summary.runs])[row.key]
    cells = run_cells(row, outcome.run(row.name), mark, DARK, "a run")
    assert (cells["value"].plain, cells["change"].plain.strip()) == ("sealed", "sealed")
    assert study_picture(summary, outcome).empty == "test is sealed"
    assert row.test_text == "sealed"
