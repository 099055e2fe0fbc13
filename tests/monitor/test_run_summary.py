"""A run's summary: one definition for the command line and the screens."""

from msgspec.structs import replace

from medtui.charts.figures.run import loss_plot, metric_plot, schedule_plot, train_loss_plot
from medtui.charts.figures.run_telemetry import memory_plot, utilisation_plot
from medtui.charts.palette import DARK
from medtui.cli.show.listing import describe_study, runs_table
from medtui.cli.show.progress import describe_outcome
from medtui.events import RunStarted, StageStarted
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_run import summarise_run
from medtui.runs.log.writer import EventWriter
from medtui.tui.run.answer import answer_of
from medtui.tui.run.machine import machine_sheet
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


def test_nothing_is_awaited_of_a_run_that_is_over(tmp_path):
    """Its worker ended before the first cycle: no chart and no pane says "yet" or "waiting"."""
    recorded = RecordedStudy(tmp_path, "over")
    recorded.reference()
    run = recorded.folder.run("prune-0.1")
    with EventWriter(run.events, clock=recorded.clock) as writer:
        writer.write(RunStarted(4242, "gpubox", "cpu", "AMD EPYC", 1))
    view = FolderReader(tmp_path).read("over/prune-0.1", refresh_all=True).view
    assert view is not None
    assert view.row.status == "crashed"
    headline = view.row.headline
    plots = [loss_plot(view), metric_plot(view, metric=headline), schedule_plot(view),
             train_loss_plot(view), memory_plot(view), utilisation_plot(view)]  # fmt: skip
    said = [*(plot.empty for plot in plots), answer_of(view).note]
    said.append(machine_sheet(view, 46, DARK).canvas().plain)
    assert all(plot.is_empty for plot in plots)
    for words in said:
        assert "yet" not in words
        assert "waiting" not in words


def test_the_header_separates_every_fact_with_a_dot(tmp_path):
    """Also after the name of a scheme that has no density."""
    preset = (
        PRESET
        + """
[[compress.custom]]
name = "FilterPrune50"
[[compress.custom.operators]]
op = "FilterPrune"
density = 0.5

[[compress.custom]]
name = "FilterPrune50Stock"
guard = "off"
[[compress.custom.operators]]
op = "FilterPrune"
density = 0.5
"""
    )
    schemes = '"FilterPrune50", "FilterPrune50Stock",'
    recorded = RecordedStudy(tmp_path, "dots", preset=preset.replace('"Prune",', schemes))
    recorded.reference()
    recorded.run("filterprune50", cycles=3, end="")
    recorded.run("filterprune50stock", cycles=3, end="")
    recorded.run("filterprune-0.1", cycles=3, end="")
    said = {}
    for name in ("filterprune50", "filterprune50stock", "filterprune-0.1"):
        view = FolderReader(tmp_path).read(f"dots/{name}", refresh_all=True).view
        assert view is not None
        said[name] = view.what
    assert " · FilterPrune50 · guard on: no layer emptied · " in said["filterprune50"]
    stock = said["filterprune50stock"]
    assert " · FilterPrune50Stock · guard off: layers may be emptied · " in stock, "its own guard"
    assert " · FilterPrune keeps 10 % · guard on: no layer emptied · " in said["filterprune-0.1"]


def test_runs_of_a_stopped_study_do_not_wait(tmp_path):
    """Nothing starts them; and a stop is described by who asked, not by a signal."""
    recorded = RecordedStudy(tmp_path, "halted")
    study = FolderReader(tmp_path).read("", refresh_all=True).study("halted")
    assert study is not None
    assert {run.state for run in study.runs} == {"queued"}, "it may be starting"
    recorded.reference()
    stopped = recorded.run("prune-0.1", cycles=3, end="stopped")
    snapshot = FolderReader(tmp_path).read(f"halted/{stopped.name}", refresh_all=True)
    study, view = snapshot.study("halted"), snapshot.view
    assert study is not None
    assert {run.state for run in study.runs} == {"finished", "stopped"}
    assert view is not None
    assert view.ending.startswith("on request. Press r to resume it")
    assert view.lines[-1].text == "stopped: on request"
    recorded.hold(recorded.folder)
    try:
        study = FolderReader(tmp_path).read("", refresh_all=True).study("halted")
        assert study is not None
        assert "queued" in {run.state for run in study.runs}
    finally:
        recorded.release()
