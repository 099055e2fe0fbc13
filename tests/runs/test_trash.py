"""The trash of a runs folder."""

import sys

import pytest

from medtui.cli import main
from medtui.errors import EnvironmentProblem
from medtui.monitor.study_catalogue import StudyCatalogue
from medtui.runs.trash import empty_trash, move_to_trash, restore, trashed_studies
from tests.helpers.small_study import record_study


def test_studies_lie_in_the_order_of_their_deletion(tmp_path):
    """Two studies of one name keep apart; lists show neither."""
    for note in ("first", "second"):
        study = record_study(tmp_path, "cells")
        study.note.write_text(note, encoding="utf-8")
        move_to_trash(study)
    found = trashed_studies(tmp_path)
    assert [each.name for each in found] == ["cells", "cells"]
    assert [(each.path / "note.txt").read_text(encoding="utf-8") for each in found] == [
        "first",
        "second",
    ]
    catalogue = StudyCatalogue(tmp_path)
    catalogue.scan()
    catalogue.advance()
    assert not catalogue.summaries()


def test_a_name_that_is_taken_again_is_not_overwritten(tmp_path):
    """The deleted study stays in the trash."""
    trashed = move_to_trash(record_study(tmp_path, "a-b"))
    record_study(tmp_path, "a-b")
    with pytest.raises(EnvironmentProblem, match="a-b exists again"):
        restore(trashed)
    assert trashed.path.is_dir()


def test_emptying_deletes_what_was_deleted_alone(tmp_path):
    """A folder that somebody put there stays."""
    move_to_trash(record_study(tmp_path, "cells"))
    other = tmp_path / ".trash" / "mine"
    other.mkdir()
    assert empty_trash(tmp_path) == 1
    assert other.is_dir()
    assert not trashed_studies(tmp_path)


def test_a_folder_that_cannot_be_moved_is_named(tmp_path):
    """The message has the path and the reason."""
    study = record_study(tmp_path, "cells")
    (tmp_path / ".trash").write_text("in the way", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=r"Could not move .*cells\. .*trash: File exists"):
        move_to_trash(study)


def test_clean_empties_the_trash_and_tells_what_it_holds(tmp_path, monkeypatch, capsys):
    """A dry run deletes nothing; where a study is named, the trash is left as it is."""

    def clean(*arguments: str) -> tuple[str, str]:
        argv = ["medtui", "runs", "clean", *arguments, "--runs-dir", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", argv)
        assert main() == 0
        return capsys.readouterr()

    trashed = move_to_trash(record_study(tmp_path, "cells"))
    record_study(tmp_path, "kept")
    out, err = clean("--dry-run")
    assert f"{trashed.path}  " in out
    assert "the deleted study cells" in out
    assert "would be freed" in err
    assert "deleted study" not in clean("kept")[0]
    assert trashed.path.is_dir()
    assert clean()[0] == out
    assert not trashed_studies(tmp_path)
    assert (tmp_path / "kept").is_dir()
