"""A run's summary: one definition for the command line and the screens."""

from msgspec.structs import replace

from medtui.cli.follow.narration import describe_outcome
from medtui.cli.show.listing import describe_study, runs_table
from medtui.events import StageStarted
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_run import summarise_run
from medtui.runs.log_writer import EventWriter
from tests.helpers.recorded_runs import PRESET, RecordedStudy


def _fine_tuning_study(tmp_path) -> StudyFeed:
    """Return a study with a run whose third fine-tuning epoch beats its best L-C cycle on val."""
    recorded = RecordedStudy(tmp_path, "tuning")
    recorded.reference()
    run = recorded.run("prune-0.1", cycles=45, best=0.90, end="")
    with EventWriter(run.events, clock=recorded.clock) as writer:
        best = writer.history.best_of("compress")
        assert best is not None
        writer.write(StageStarted("finetune", 3, 29))
        for epoch, accuracy in ((1, 0.93), (2, 0.94), (3, 0.955)):
            val, test = best.val | {"accuracy": accuracy}, best.test | {"accuracy": accuracy - 0.01}
            writer.write(replace(best, cycle=epoch, val=val, test=test, is_best=True))
    study = StudyFeed(recorded.folder)
    study.refresh()
    return study


def test_fine_tuning_shows_the_same_values_everywhere(tmp_path):
    """While a run is fine-tuned, lists, details and screens show the fine-tuned model's metrics."""
    study = _fine_tuning_study(tmp_path)
    run = next(run for run in study.runs if run.folder.name == "prune-0.1")
    summary = summarise_run(study, run)
    assert (summary.val, summary.test) == (0.955, 0.945)
    for shown in (runs_table([summary]), describe_study(study), describe_outcome(run)):
        assert "95.5 %" in shown
        assert "94.5 %" in shown


def test_a_run_without_a_measurement_has_no_values(tmp_path):
    """Nothing is shown that was not measured."""
    recorded = RecordedStudy(tmp_path, "queued")
    study = StudyFeed(recorded.folder)
    study.refresh()
    summary = summarise_run(study, study.runs[1])
    assert summary.status == "queued"
    assert (summary.val, summary.test, summary.density, summary.cycle) == (None,) * 4
    assert summary.asked_density is not None


def _warning(tmp_path, guard: str, density: str = "0.1") -> str:
    """Return the warning of a run whose latest cycle has two layers without weights."""
    preset = f"{PRESET}\n[guard]\n{guard}".replace("schema = 1", "schema = 2")
    preset = preset.replace("0.1", density)
    recorded = RecordedStudy(tmp_path, "empty", preset=preset)
    recorded.reference()
    recorded.run(f"prune-{density}", dead=["conv1", "layer1.0.conv2"], cycles=5, end="")
    study = StudyFeed(recorded.folder)
    study.refresh()
    run = next(run for run in study.runs if run.folder.name == f"prune-{density}")
    return summarise_run(study, run).warning


def test_layers_are_called_collapsed_only_after_fine_tuning(tmp_path):
    """Before it, they are empty; also where the run is fine-tuned because of its density."""
    assert _warning(tmp_path / "none", "finetune_epochs = 0") == "2 collapsed layers"
    before = "2 empty layers before fine-tuning"
    assert _warning(tmp_path / "some", "finetune_epochs = 1") == before
    assert _warning(tmp_path / "auto", "", "0.05") == before
