"""Lists of studies: what is read of them, and what the index in the cache folder saves."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from medtui.monitor import summary_of_study
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.study_catalogue import StudyCatalogue
from medtui.monitor.study_index import IndexedStudy, StudyIndex, index_path
from medtui.monitor.study_summary import StudySummary
from medtui.runs.folder import StudyFolder
from medtui.runs.log.reader import EventTail
from tests.helpers.recorded_runs import START, RecordedStudy
from tests.helpers.showcase import DEMO


def _record(runs_dir: Path, name: str = "demo", *, start: float = START) -> RecordedStudy:
    study = RecordedStudy(runs_dir, name, preset=DEMO, start=start)
    study.reference()
    study.run("prune-0.1", best=0.968)
    _settle(study.folder.path)
    return study


def _settle(folder: Path) -> None:
    """Give every file and folder a time at which no further change could hide."""
    for path in (*folder.rglob("*"), folder):
        found = path.stat()
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - 60_000_000_000))


def _read(runs_dir: Path) -> tuple[StudySummary, ...]:
    catalogue = StudyCatalogue(runs_dir)
    catalogue.scan(is_whole=True)
    catalogue.advance()
    return catalogue.summaries()


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """Return a runs folder with a study."""
    folder = tmp_path / "runs"
    folder.mkdir()
    _record(folder)
    return folder


@pytest.fixture
def summarised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of studies that were read, rather than found in the index."""
    names: list[str] = []
    summarise = summary_of_study.summarise_study

    def noting(feed: object) -> StudySummary:
        summary = summarise(feed)  # type: ignore[arg-type]
        names.append(summary.name)
        return summary

    monkeypatch.setattr(summary_of_study, "summarise_study", noting)
    return names


def test_a_second_start_reads_no_study_that_is_at_rest(
    runs_dir: Path, summarised: list[str]
) -> None:
    """The index holds the whole summary, in the cache folder and not among the runs."""
    before = sorted(runs_dir.rglob("*"))
    first = _read(runs_dir)
    assert _read(runs_dir) == first
    assert summarised == ["demo"]
    assert sorted(runs_dir.rglob("*")) == before
    assert index_path().is_file()


def test_studies_at_rest_are_listed_without_the_models_of_presets(runs_dir: Path) -> None:
    """Home is whole without pydantic, whose import takes 0.2 s of processor time."""
    _read(runs_dir)
    code = (
        "import pathlib, sys\n"
        "from medtui.monitor.folder_reader import FolderReader\n"
        "snapshot = FolderReader(pathlib.Path(sys.argv[1])).read('', refresh_all=True)\n"
        "print([each.name for each in snapshot.studies], 'medtui.preset' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(runs_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "['demo'] False\n"


@pytest.mark.parametrize("name", ["preset.toml", "prune-0.1/result.json", "note.txt"])
def test_a_changed_file_is_read_again(runs_dir: Path, summarised: list[str], name: str) -> None:
    """One whose time, size or inode differs, and one that is new."""
    _read(runs_dir)
    path = runs_dir / "demo" / name
    path.write_bytes((path.read_bytes() if path.exists() else b"") + b"\n")
    _settle(runs_dir)
    _read(runs_dir)
    assert summarised == ["demo", "demo"]


def test_a_deleted_study_leaves_the_index(runs_dir: Path) -> None:
    """Also one that was deleted while the program was not running."""
    _record(runs_dir, "other")
    _read(runs_dir)
    shutil.rmtree(runs_dir / "other")
    assert [study.name for study in _read(runs_dir)] == ["demo"]
    assert set(StudyIndex(runs_dir).rows()) == {"demo"}


def test_a_study_that_runs_is_followed_and_not_kept(runs_dir: Path, summarised: list[str]) -> None:
    """Its summary would be outdated by the next start."""
    study = RecordedStudy(runs_dir, "live", preset=DEMO)
    live = study.run("prune-0.1", cycles=3, end="")
    study.hold(study.folder, live)
    _settle(runs_dir)
    assert [each.name for each in _read(runs_dir) if each.is_live] == ["live"]
    assert set(StudyIndex(runs_dir).rows()) == {"demo"}
    study.release()


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"x" * 4096])
def test_a_damaged_index_is_made_again(runs_dir: Path, content: bytes) -> None:
    """Nobody has to delete it."""
    index_path().parent.mkdir(parents=True, exist_ok=True)
    index_path().write_bytes(content)
    assert [study.name for study in _read(runs_dir)] == ["demo"]
    _read(runs_dir)
    assert set(StudyIndex(runs_dir).rows()) == {"demo"}


def test_lists_work_where_no_index_can_be_written(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache folder may be a file, or on a disk without space."""
    (tmp_path / "full").write_text("")
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "full"))
    assert [study.name for study in _read(runs_dir)] == ["demo"]


def test_several_writers_lose_nothing(runs_dir: Path) -> None:
    """Each keeps what the others stored."""
    _read(runs_dir)
    known = StudyIndex(runs_dir).study("demo")
    assert known is not None

    def write(first: int, entry: IndexedStudy) -> None:
        for number in range(first, first + 20):
            while not StudyIndex(runs_dir).update({f"study-{number}": entry}):
                """Another one is writing."""

    writers = [threading.Thread(target=write, args=(20 * at, known)) for at in range(2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert len(StudyIndex(runs_dir).rows()) == 41


def test_the_log_of_a_finished_run_is_read_when_it_is_opened(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list needs its result alone."""
    polled: list[str] = []
    poll = EventTail.poll

    def noting(tail: EventTail) -> list[object]:
        polled.append(tail.path.parent.name)
        return poll(tail)  # type: ignore[return-value]

    monkeypatch.setattr(EventTail, "poll", noting)
    reader = FolderReader(runs_dir)
    (summary,) = reader.read("", refresh_all=True).studies
    assert [run.status for run in summary.runs[:3]] == ["finished", "finished", "queued"]
    assert set(polled) == {"prunequantize16-0.1", "filterprune-0.1"}
    view = reader.read("demo/prune-0.1", refresh_all=False).view
    assert "prune-0.1" in polled
    assert view is not None
    assert len(view.cycles) == 8
    assert view.lines[-1].text == "finished"


def test_a_long_log_is_opened_from_its_end(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last lines are there at once; cycles, whose stage is not known yet, when all is read."""
    monkeypatch.setattr("medtui.monitor.log_preview.LONG_BYTES", 1)
    monkeypatch.setattr("medtui.monitor.log_preview.HEAD_BYTES", 600)
    monkeypatch.setattr("medtui.monitor.log_preview.TAIL_BYTES", 3000)
    monkeypatch.setattr("medtui.runs.log.reader.CHUNK_BYTES", 2048)
    reader = FolderReader(runs_dir)
    reader.read("", refresh_all=True)
    view = reader.read("demo/prune-0.1", refresh_all=False).view
    assert view is not None
    assert view.is_behind
    assert [line.text for line in view.lines][-1] == "finished"
    assert view.session is not None
    assert not view.cycles
    while reader.is_behind:
        reader.read_more()
    view = reader.read("demo/prune-0.1", refresh_all=False).view
    assert view is not None
    assert len(view.cycles) == 8
    assert not view.is_behind


def test_ages_and_order_survive_a_copy_that_changes_all_times(runs_dir: Path) -> None:
    """They are those of events, and of the study's plan, and not those of files."""
    _record(runs_dir, "newer", start=START + 1000)
    before = _read(runs_dir)
    for path in sorted(runs_dir.rglob("preset.toml"), reverse=True):
        path.touch()
    os.utime(runs_dir / "demo" / "preset.toml")  # as if it had been copied last
    after = _read(runs_dir)
    assert [study.name for study in after] == ["newer", "demo"]
    assert [study.last_at for study in after] == [study.last_at for study in before]
    assert [run.name for run in after[0].runs] == [run.name for run in before[0].runs]
    names = [run.name for run in StudyFolder(runs_dir / "demo").runs()]
    assert names == ["reference", "prune-0.1", "prunequantize16-0.1", "filterprune-0.1"]


def test_the_newest_runs_are_listed_without_the_others(
    runs_dir: Path, summarised: list[str]
) -> None:
    """Studies at rest that are in the index are read until there are as many runs as asked for."""
    for number in range(3):
        _record(runs_dir, f"later-{number}", start=START + 1000 * (number + 1))
    _read(runs_dir)
    catalogue = StudyCatalogue(runs_dir)
    catalogue.scan(is_whole=True)
    assert [study.name for study in catalogue.newest(6)] == ["later-2", "later-1"]
    assert len(summarised) == 4
