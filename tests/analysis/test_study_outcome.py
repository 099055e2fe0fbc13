"""What a study found: the same numbers, verdicts and choice as in comparisons and reports."""

from pathlib import Path

import pytest

from medtui.analysis.baselines import baseline_of
from medtui.analysis.differences import difference_text, differences
from medtui.analysis.run_record import read_run_records
from medtui.analysis.study_outcome import outcome_of
from medtui.metrics import primary_metric
from medtui.monitor.outcome_loader import OutcomeLoader
from medtui.monitor.study_catalogue import StudyCatalogue
from medtui.runs.folder import StudyFolder
from tests.helpers.seeded_study import record_seeds


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Return a finished study of one seed, whose density of 0.5 is non-inferior on val."""
    return record_seeds(tmp_path_factory.mktemp("outcome") / "runs", [0])


def test_changes_are_those_from_the_control(study: StudyFolder) -> None:
    """With their intervals and verdicts; the control has none, references are compared with it."""
    outcome = outcome_of(study)
    assert outcome is not None
    entries, _ = read_run_records(study.runs())
    metric = primary_metric("single")
    for entry in entries:
        run = outcome.run(entry.folder.name)
        assert run is not None
        if entry.folder.is_compared:
            baseline = baseline_of(entry, entries)
            assert baseline is not None
            assert baseline.folder.is_control
            found = differences(baseline, entry, metric=metric)
            assert run.text == difference_text(metric, found.by_metric[metric.name])
            assert run.state == found.verdict(metric, entry.margin).state
    control, reference = outcome.run("control"), outcome.run("reference")
    assert control is not None
    assert reference is not None
    assert (control.change, control.text, control.smaller) == (None, "", None)
    assert reference.change == pytest.approx(0.03125)
    assert reference.state is None


def test_what_is_chosen_on_val_is_quoted_on_test(study: StudyFolder) -> None:
    """Also where test does not show it: the choice follows val alone."""
    outcome = outcome_of(study)
    assert outcome is not None
    assert outcome.chosen is not None
    assert outcome.chosen.names == ("prune-0.5",)
    run = outcome.run("prune-0.5")
    assert run is not None
    assert (outcome.chosen.text, outcome.chosen.state) == (run.text, run.state)
    assert "against the control: not shown at 2 points on 24 patients" in outcome.sentences()[0]
    assert any("one seed" in warning for warning in outcome.warnings)


def test_an_outcome_is_computed_once_and_kept_between_starts(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as no other run finishes."""
    runs_dir = study.path.parent
    catalogue = StudyCatalogue(runs_dir)
    catalogue.scan()
    catalogue.advance()
    (summary,) = catalogue.summaries()
    first = OutcomeLoader(runs_dir).load(summary)

    def fail(_: StudyFolder) -> None:
        raise AssertionError("it is computed again")

    monkeypatch.setattr("medtui.analysis.study_outcome.outcome_of", fail)
    loader = OutcomeLoader(runs_dir)
    assert not loader.is_current(summary)
    assert loader.load(summary) == first
    assert loader.is_current(summary)


def test_a_study_without_a_finished_run_has_found_nothing(tmp_path: Path) -> None:
    """Its folder may be empty."""
    assert outcome_of(StudyFolder(tmp_path)) is None
