"""`medtui runs compare`: the numbers of the Compare screen, without one."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from medtui.runs.folder import StudyFolder
from tests.helpers.altered_runs import alter_study, copy_recorded, forget_patients, shift_labels
from tests.helpers.paths import RECORDED
from tests.helpers.searched_study import PROBES, write_searched_study


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Put recorded studies where the command looks."""
    shutil.copytree(RECORDED, tmp_path / "runs")
    return tmp_path / "runs"


def test_runs_stand_with_their_changes(medtui, recorded):
    """Each metric is followed by its change with an interval; the baseline is named."""
    shown = medtui("runs", "compare", "cells").stdout
    header, *rows = shown.splitlines()
    assert "change of accuracy" in header
    assert next(row for row in rows if row.startswith("cells/prune-0.1 ")).count("[n < 9]") == 4
    assert "fewer than the 9 patients" in shown
    assert "relative to cells/reference" in shown


def test_csv_and_json_hold_the_same_numbers(medtui, recorded):
    """One is for spreadsheets, one for programs."""
    asked = ["runs", "compare", "cells", "--filter", "scheme=Prune", "--columns", "run,acc,seed"]
    rows = list(csv.DictReader(io.StringIO(medtui(*asked, "--csv").stdout)))
    objects = [json.loads(line) for line in medtui(*asked, "--json").stdout.splitlines()]
    assert [row["run"] for row in rows] == [each["run"] for each in objects]
    assert sorted(row["seed"] for row in rows) == ["0", "1"]
    for row, each in zip(rows, objects, strict=True):
        assert row["test accuracy"] == f"{each['accuracy'] * 100:.1f} %"
        assert {"value", "low", "high", "detectable"} <= set(each["change"]["accuracy"])
        assert each["baseline"] == "cells/reference"


def test_markdown_has_a_rule_below_its_headers(medtui, recorded):
    """It can be pasted into an issue as it is."""
    lines = medtui("runs", "compare", "cells", "--md", "--columns", "run,acc").stdout.splitlines()
    assert lines[0].startswith("| run | test accuracy | change of accuracy |")
    assert set(lines[1]) <= set("| -:")


def test_subgroup_analysis(medtui, recorded):
    """Changed predictions, classes, patient groups and images, for a run of the films."""
    shown = medtui("runs", "compare", "films/prune-0.05", "--hurt").stdout
    for words in ("Changed predictions", "Classes, rarest first", "Patient groups", "sex", "AP",
                  "Calibration error", "Images with the largest changes"):  # fmt: skip
        assert words in shown
    classes = shown.partition("Classes, rarest")[2].splitlines()[2:6]
    assert classes[0].startswith("Hernia")


def test_sorting_pinning_and_groups(medtui, recorded):
    """A minus sorts falling; a pin is the baseline of all; groups have a spread."""
    shown = medtui("runs", "compare", "cells", "--sort", "-packed", "--pin", "prune-0.1").stdout
    assert shown.splitlines()[1].startswith("cells/reference")
    assert "relative to cells/prune-0.1" in shown
    assert "±" in medtui("runs", "compare", "cells", "--group", "scheme").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--columns", "acurracy"], "Did you mean `accuracy`?"),
        (["--filter", "acc>3"], "The filter `acc>3` leaves none of "),
        (["--filter", "acc>nan"], "needs a number on both sides"),
        (["--pin", "cells"], "one finished run is needed"),
    ],
)
def test_what_cannot_be_compared_is_explained(medtui, recorded, arguments, sentence):
    """Wrong usage ends with code 2 and a sentence."""
    done = medtui("runs", "compare", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_a_pin_on_other_data_is_refused(medtui, recorded):
    """Each run says which baseline it cannot be compared with, and what differs; none is paired."""
    alter_study(copy_recorded(recorded, "elsewhere"), shift_labels)
    asked = ["runs", "compare", "cells/prune-0.1", "--pin", "elsewhere/reference"]
    done = medtui(*asked)
    assert "cells/prune-0.1 cannot be compared with elsewhere/reference" in done.stderr
    assert "the labels of " in done.stderr
    assert "[" not in done.stdout
    assert "different data" in medtui(*asked, "--hurt").stderr
    assert "change" not in json.loads(medtui(*asked, "--json").stdout)


def test_patients_are_listed_by_their_loss(medtui, recorded):
    """`--patients` lists all of them; without patients there is a sentence instead."""
    asked = ["runs", "compare", "cells/prune-0.1", "--patients", "--json"]
    *rows, mean = [json.loads(line) for line in medtui(*asked).stdout.splitlines()]
    changes = [float(row["change"].replace("\N{MINUS SIGN}", "-")) for row in rows]
    assert changes == sorted(changes)
    assert mean["patient"] == "mean over patients"
    assert (
        len(rows)
        == json.loads(medtui("runs", "show", "cells/prune-0.1", "--json").stdout)["result"]["test"][
            "num_patients"
        ]
    )
    alter_study(StudyFolder(recorded / "cells"), forget_patients)
    assert "no table by patient" in medtui(*asked).stderr


def test_json_has_the_verdict_and_its_margin(medtui, recorded):
    """The recorded cells have too few test patients for any verdict."""
    each = json.loads(medtui("runs", "compare", "cells/prune-0.1", "--json").stdout)
    assert each["margin"] == 0.02
    assert (each["verdict"], each["detail"]) == ("not shown", "too few: 6 patients")


def test_what_a_limit_leaves_is_shown(medtui, recorded):
    """`runs show` says which population the numbers are about, also of results without it."""
    told = "at most 90 images of each split, evenly spread over classes"
    assert told in medtui("runs", "show", "cells/prune-0.1").stdout
    path = recorded / "cells" / "prune-0.1" / "result.json"
    stored = json.loads(path.read_text()) | {"population": "at most 20 images of each split"}
    path.write_text(json.dumps(stored))
    assert "at most 20 images of each split" in medtui("runs", "show", "cells/prune-0.1").stdout


@pytest.fixture
def searched(tmp_path: Path) -> Path:
    """Put a study with a search where the command looks."""
    (tmp_path / "runs").mkdir()
    return write_searched_study(tmp_path / "runs").path


def test_probes_are_left_out_until_they_are_asked_for(medtui, searched):
    """By default one line says so; all of them by --probes, or one by its name."""
    asked = ["runs", "compare", "--columns", "run,search,accuracy", "--json"]
    usual, every, one = (
        medtui(*asked, *more) for more in (["cells"], ["cells", "--probes"], [f"cells/{PROBES[0]}"])
    )
    assert "2 low-fidelity runs (2 cycles) left out; show them with --low-fidelity" in usual.stderr
    assert "left out" not in every.stderr + one.stderr
    rows = [[json.loads(line) for line in done.stdout.splitlines()] for done in (usual, every, one)]
    assert [sum(row["is_probe"] for row in each) for each in rows] == [0, 2, 1]
    assert [len(each) for each in rows] == [5, 7, 1]
    assert [row["run"] for row in rows[0] if row["chosen"]] == ["cells/prune-0.1"]


def test_tables_name_the_role_in_a_search(medtui, searched):
    """The column is shown by default, also in CSV; low-fidelity runs form their own groups."""
    text = medtui("runs", "compare", "cells", "--probes", "--csv").stdout
    told = {row["run"]: row["search"] for row in csv.DictReader(io.StringIO(text))}
    assert told["cells/prune-0.1"] == "chosen"
    assert {told[f"cells/{name}"] for name in PROBES} == {"low-fidelity"}
    grouped = medtui("runs", "compare", "cells", "--probes", "--group", "scheme").stdout
    assert "Prune low-fidelity" in grouped
