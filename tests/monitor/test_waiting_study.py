"""A study that waits for a GPU on which others compute says so wherever it is listed."""

from dataclasses import replace
from pathlib import Path

from medtui.charts.palette import DARK
from medtui.cli.follow.narration import NoOutput
from medtui.cli.follow.watcher import Follower
from medtui.cli.show.listing import describe_study, waiting_lines
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_study import summarise_study
from medtui.runs.job_record import JobRecord, write_job
from medtui.runs.waiting_note import WaitingNote
from medtui.tui.terminal_title import count_live
from medtui.tui.widgets.study_list import study_cells
from medtui.tui.widgets.study_text import folder_state, sentences, study_line
from tests.helpers.recorded_runs import RecordedStudy

SAID = "GPU 0 used by anna"


class _Lines(NoOutput):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def say(self, source: str, text: str) -> None:
        """Keep one line."""
        self.lines.append((source, text))


def test_a_waiting_study_says_for_whom_it_waits(tmp_path: Path) -> None:
    """In lists and on Home; one whose supervisor was killed waits for nobody."""
    study = RecordedStudy(tmp_path, "shared")
    WaitingNote(study.folder).set(SAID)
    feed = StudyFeed(study.folder)
    feed.refresh()
    assert summarise_study(feed).waiting_for == ""
    study.hold(study.folder)
    assert feed.refresh()
    summary = summarise_study(feed)
    study.release()
    assert waiting_lines([summary]) == [f"shared: waiting: {SAID}"]
    assert describe_study(feed).startswith(f"shared: waiting ({SAID}), 0 of ")
    assert study_cells(summary, None, DARK, "1 h")["state"].plain == "waiting"
    assert f"shared is waiting: {SAID}." in sentences(summary, None, DARK, 80)[0].plain
    assert "waiting 0/" in study_line(summary, 1, 1, DARK, 0.0).plain


def test_a_study_that_only_waits_is_counted_as_waiting(tmp_path: Path) -> None:
    """In the title of Home and of the terminal; also for a cluster that gives no reason yet."""
    computing, queueing = RecordedStudy(tmp_path, "a"), RecordedStudy(tmp_path, "b")
    run = queueing.folder.run("prune-0.1")
    write_job(run.path, JobRecord("slurm", "abcd", "7", "waiting"))
    computing.hold(computing.folder)
    queueing.hold(queueing.folder)
    reader = FolderReader(tmp_path)
    snapshot = reader.read("", refresh_all=True)
    assert folder_state(snapshot, DARK).plain == "● 1 running  ◌ 1 waiting  2 studies"
    assert count_live(snapshot) == "1 running, 1 waiting"
    waiting = snapshot.study("b")
    assert waiting is not None
    assert waiting.status == "waiting"
    assert sentences(waiting, None, DARK, 80)[0].plain.endswith("b is waiting.")
    write_job(run.path, JobRecord("slurm", "abcd", "7", "running"))
    begun = reader.read("", refresh_all=True)
    computing.release()
    queueing.release()
    assert count_live(begun) == "2 running"
    alone = replace(snapshot, studies=(waiting,))
    assert folder_state(alone, DARK).plain == "◌ 1 waiting  1 study"


def test_who_follows_the_study_is_told_once(tmp_path: Path) -> None:
    """When it begins to wait."""
    study = RecordedStudy(tmp_path, "shared")
    study.hold(study.folder)
    feed, output = StudyFeed(study.folder), _Lines()
    feed.refresh()
    follower = Follower(feed, output)
    note = WaitingNote(study.folder)
    for text in (SAID, SAID, ""):
        note.set(text)
        follower.step()
    study.release()
    assert output.lines == [("study", f"waiting: {SAID}")]


def test_a_queued_run_waits_for_the_gpu(tmp_path: Path) -> None:
    """Its view has the reason of its study."""
    study = RecordedStudy(tmp_path, "shared")
    study.hold(study.folder)
    WaitingNote(study.folder).set(SAID)
    view = FolderReader(tmp_path).read("shared/prune-0.1", refresh_all=True).view
    study.release()
    assert view is not None
    assert (view.row.status, view.study.waiting_for) == ("queued", SAID)
