"""`medtui runs`: what lies in the folder, for people and for programs."""

import csv
import io
import json
import shutil

import pytest

from medtui.runs.result import DIRECT_KEPT
from tests.helpers.paths import RECORDED
from tests.helpers.small_study import record_study


def test_the_list_names_every_run(medtui, study):
    """One row a run, with its state."""
    done = medtui("runs", "list")
    assert done.returncode == 0
    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()[1:]}
    assert rows == {
        "cells/reference": "finished",
        "cells/prune-0.1": "finished",
        "cells/quantize16": "failed",
    }


def test_the_list_as_json_is_one_object_a_line(medtui, study):
    """Programs read runs line by line."""
    lines = medtui("runs", "list", "--json").stdout.splitlines()
    runs = [json.loads(line) for line in lines]
    assert [run["status"] for run in runs] == ["finished", "finished", "failed"]
    assert runs[1]["scheme"] == "Prune"
    assert runs[1]["density"] == 0.1
    assert runs[1]["result"]["test"]["metrics"]["accuracy"] == 0.92
    assert runs[2]["failure"]["hint"] == "Lower lc.batch_size."


def test_an_empty_folder_is_no_error(medtui):
    """Nothing to list says what to do, on stderr."""
    done = medtui("runs", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "medtui --run demo" in done.stderr


def test_a_run_is_shown_with_intervals_size_and_layers(medtui, study):
    """`show` holds what a person asks of a finished run."""
    shown = medtui("runs", "show", "cells/prune-0.1").stdout
    for expected in ("Prune, density 0.1", "92.0 % [90.0, 94.0]", "0.981", "1,010", "conv1", "100"):
        assert expected in shown


def test_a_failed_run_is_shown_with_its_cure(medtui, study):
    """The failure and what to do about it stand in `show`."""
    shown = medtui("runs", "show", "cells/quantize16").stdout
    assert "the GPU has no memory left" in shown
    assert "Lower lc.batch_size." in shown


def test_show_as_json_parses(medtui, study):
    """A run is one object; a study one object for each of its runs."""
    assert json.loads(medtui("runs", "show", "prune-0.1", "--json").stdout)["run"] == "prune-0.1"
    assert len(medtui("runs", "show", "cells", "--json").stdout.splitlines()) == 3


@pytest.mark.parametrize("name", ["cells/prune-0.1", "prune-0.1", "runs/cells/prune-0.1"])
def test_a_run_answers_to_its_name_its_last_part_and_its_path(medtui, study, name):
    """All three lead to the same run."""
    assert medtui("runs", "show", name).stdout.startswith("cells/prune-0.1: finished")


def test_what_being_resumable_cost_is_told(medtui, study):
    """Log and checkpoints in seconds, and as a share of the session."""
    shown = medtui("runs", "show", "prune-0.1").stdout
    assert "overhead  1.0 % of the last session: checkpoints 0.8 s, log 0.04 s" in shown


def test_an_ambiguous_name_is_refused(medtui, study, tmp_path):
    """Two runs of that name: both are named, none is taken."""
    record_study(tmp_path / "runs", "other")
    done = medtui("runs", "show", "prune-0.1")
    assert done.returncode == 2
    assert "cells/prune-0.1, other/prune-0.1" in done.stderr


def test_a_misspelt_name_gets_a_suggestion(medtui, study):
    """The closest name is offered."""
    done = medtui("runs", "show", "prune-0.2")
    assert done.returncode == 2
    assert "Did you mean `cells/prune-0.1`?" in done.stderr


def test_the_runs_folder_may_stand_before_or_after_the_verb(medtui, tmp_path):
    """`--runs-dir` is taken in both places, and from the environment."""
    record_study(tmp_path / "elsewhere", "cells")
    for arguments in (
        ["--runs-dir", "elsewhere", "runs", "list"],
        ["runs", "list", "--runs-dir", "elsewhere"],
    ):
        assert "cells/prune-0.1" in medtui(*arguments).stdout
    assert "cells/prune-0.1" in medtui("runs", "list", MEDTUI_RUNS_DIR="elsewhere").stdout


def test_a_damaged_result_is_told_and_the_rest_is_listed(medtui, study):
    """One bad file costs one warning."""
    study.run("prune-0.1").result.write_text("{", encoding="utf-8")
    done = medtui("runs", "list")
    assert done.returncode == 0
    assert "cells/reference" in done.stdout
    assert "is damaged" in done.stderr


def test_a_damaged_preset_does_not_hide_its_study(medtui, study):
    """A study whose preset cannot be read is listed still."""
    study.preset.write_text("[[[", encoding="utf-8")
    done = medtui("runs", "list")
    assert "cells/prune-0.1" in done.stdout
    assert "preset.toml" in done.stderr


def test_a_run_that_kept_cycle_0_says_so(medtui, tmp_path):
    """`show` has the sentence, `list` and `compare` the cycle that was kept."""
    shutil.copytree(RECORDED / "cells", tmp_path / "runs" / "cells")
    assert DIRECT_KEPT in medtui("runs", "show", "cells/prune-0.1").stdout
    assert DIRECT_KEPT not in medtui("runs", "show", "cells/reference").stdout
    assert "cycle kept" in medtui("runs", "list").stdout.splitlines()[0]
    header, *rows = csv.reader(
        io.StringIO(medtui("runs", "compare", "cells", "--csv").stdout), strict=True
    )
    kept = {row[0]: row[header.index("cycle kept")] for row in rows}
    assert kept["cells/prune-0.1"] == "0"
    assert kept["cells/reference"] == "2"
