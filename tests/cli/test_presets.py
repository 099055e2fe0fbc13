"""Presets on the command line: wrong ones are refused with file, line and cure; nothing starts."""

import json

import pytest
import tomli

from tests.helpers.paths import REPOSITORY

GOOD = 'schema = 1\nname = "mine"\n[data]\ncard = "demo"\n'

SEARCH = """[model]
architecture = "shufflenet_v2_x0_5"
[search]
scheme = ["Prune", "FilterPrune"]
low = 0.2
budget = 3
finalists = 1
probe_cycles = 0
"""

WRONG = {
    "unknown key": (GOOD + "[lc]\nstepz = 1\n", ["p.toml:6", "stepz", "Did you mean `steps`?"]),
    "unknown section": (GOOD + "[lcc]\nsteps = 1\n", ["p.toml:5", "lcc", "`lc`"]),
    "wrong type": (GOOD + '[lc]\nsteps = "many"\n', ["p.toml:6", "lc.steps", "integer"]),
    "density 0": (GOOD + "[compress]\ndensities = [0.0]\n", ["p.toml:6", "greater than 0"]),
    "density 1.5": (GOOD + "[compress]\ndensities = [1.5]\n", ["p.toml:6", "1.5", "equal to 1"]),
    "unknown scheme": (
        GOOD + '[compress]\nschemes = ["Prun"]\n',
        ["p.toml:", "Prun", "Did you mean `Prune`?"],
    ),
    "no name": ('schema = 1\n[data]\ncard = "demo"\n', ["p.toml", "`name` is missing"]),
    "newer schema": (GOOD.replace("1", "99", 1), ["p.toml:1", "update medtui"]),
    "syntax": (GOOD + "[lc\nsteps = 1\n", ["p.toml:5", "not valid TOML"]),
    "twice": (GOOD + "[lc]\nsteps = 1\nsteps = 2\n", ["p.toml:7", "not valid TOML"]),
    "deep": (GOOD + f"x = {'[' * 5000}{']' * 5000}\n", ["p.toml", "deep"]),
    "huge": (GOOD + "# padding\n" * 20_000, ["p.toml", "more than 64 KiB"]),
    "empty": ("", ["p.toml", "missing"]),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_preset_names_file_line_and_cure(medtui, tmp_path, kind):
    """Whatever is wrong, the message leads to it, and no folder is made."""
    text, expected = WRONG[kind]
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    done = medtui("--run", "p.toml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for part in [*expected, "Nothing was started."]:
        assert part in done.stderr
    assert not (tmp_path / "runs").exists()


def test_check_reports_what_run_does_without_speaking_of_a_start(medtui, tmp_path):
    """The sentence "Nothing was started." belongs to `--run` alone."""
    (tmp_path / "p.toml").write_text(GOOD + "[lc]\nsteps = 0\n", encoding="utf-8")
    checked = medtui("preset", "check", "p.toml").stderr
    assert checked.endswith("1 problem.\n")
    assert medtui("--run", "p.toml").stderr == checked.replace(".\n", ". Nothing was started.\n")


def test_an_override_is_named_and_the_files_errors_keep_their_lines(medtui, tmp_path):
    """The message leads to the option that is wrong, and to the line where one is."""
    (tmp_path / "p.toml").write_text(GOOD + "[lc]\nlr = -1.0\n", encoding="utf-8")
    told = medtui("--run", "p.toml", "--set", "lc.lr_end=-1.0").stderr
    assert "  --set lc.lr_end=-1.0: `lc.lr_end` = -1.0 must be greater than" in told
    assert "  p.toml:6: `lc.lr` = -1.0 must be greater than 0\n       6 | lr = -1.0\n" in told
    told = medtui("--run", "p.toml", "--set", "lc.lr=-2.0").stderr
    assert "  --set lc.lr=-2.0: `lc.lr` = -2.0 must be greater than 0\n1 problem." in told


def test_what_the_preflight_refuses_is_at_its_line_whatever_is_overridden(medtui, tmp_path):
    """A density that keeps nothing is only found with the network at hand."""
    text = GOOD + "[compress]\ndensities = [1e-9]\n"
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    assert "  p.toml:6: " in medtui("--run", "p.toml", "--set", "lc.steps=3").stderr
    told = medtui("--run", "p.toml", "--set", "compress.densities=[1e-8]").stderr
    assert "  --set compress.densities=[1e-8]: " in told


@pytest.mark.parametrize("raw", [b"\xff\xfes\0c\0h\0", b"name = '\xe9'\n", b"\x00\x01\x02"])
def test_what_is_no_text_is_refused(medtui, tmp_path, raw):
    """UTF-16, Latin-1 and binary files are named as such."""
    (tmp_path / "p.toml").write_bytes(raw)
    done = medtui("--run", "p.toml")
    assert done.returncode == 2
    assert "p.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_byte_order_mark_is_no_mistake(medtui, tmp_path):
    """Windows editors write one; the preset is read."""
    (tmp_path / "p.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert medtui("preset", "check", "p.toml").stdout == "p.toml: valid, 2 runs\n"


def test_all_problems_are_told_at_once(medtui, tmp_path):
    """Three mistakes, three lines, one count."""
    text = GOOD + "[lc]\nstepz = 1\ncycles = 0\nmu_init = -1.0\n"
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    told = medtui("--run", "p.toml").stderr
    for part in ("p.toml:6", "p.toml:7", "p.toml:8", "3 problems. Nothing was started."):
        assert part in told


@pytest.mark.parametrize("name", ["nowhere.toml", "demoo", "../etc/passwd", "/nowhere/p.toml"])
def test_a_missing_preset_names_those_that_exist(medtui, name):
    """The cure for a wrong name is the list of right ones."""
    done = medtui("--run", name)
    assert done.returncode == 2
    assert "demo" in done.stderr


@pytest.mark.parametrize(
    "override",
    [
        "lc.steps",
        "=1",
        "lc..steps=1",
        "lc.steps=many",
        "lc.stepz=1",
        "name.x=1",
        f"lc.steps={'9' * 5000}",
    ],
)
def test_a_wrong_override_is_refused(medtui, override):
    """`--set` is checked like the file."""
    done = medtui("--run", "demo", "--set", override)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_wrong_device_is_refused(medtui):
    """`--device` is checked like the file."""
    done = medtui("--run", "demo", "--device", "gpu7")
    assert done.returncode == 2
    assert "device" in done.stderr


def test_a_density_that_keeps_nothing_is_refused(medtui, tmp_path):
    """1e-9 of eleven million weights is none: the smallest that keeps one is named."""
    done = medtui("--run", "demo", "--set", "compress.densities=[1e-9]")
    assert done.returncode == 2
    assert "smallest" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_missing_data_are_the_environments_fault(medtui, tmp_path):
    """A data root that is not there exits 3: the same command may work elsewhere."""
    done = medtui("--run", "malaria", "--set", "data.root=nowhere")
    assert done.returncode == 3
    assert "nowhere" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_check_tells_good_from_wrong(medtui, tmp_path):
    """Each file gets its word; one wrong file is enough for exit 2."""
    (tmp_path / "bad.toml").write_text("schema = 1\n", encoding="utf-8")
    done = medtui("preset", "check", "demo", "bad.toml", "malaria")
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["demo", "malaria"]
    assert "bad.toml" in done.stderr


def test_show_fills_in_defaults_and_keeps_comments(medtui):
    """The printed preset is complete TOML, with the comments of the file."""
    shown = medtui("preset", "show", "demo", "--set", "lc.steps=7").stdout
    assert shown.startswith("#")
    table = tomli.loads(shown)
    assert table["lc"]["steps"] == 7
    assert table["evaluate"]["bootstrap"] == 1000


def test_list_schema_and_json_parse(medtui):
    """What programs read is JSON."""
    assert json.loads(medtui("preset", "schema").stdout)["title"] == "Preset"
    assert json.loads(medtui("preset", "show", "demo", "--json").stdout)["name"] == "demo"
    names = [
        json.loads(line)["preset"]
        for line in medtui("preset", "list", "--json").stdout.splitlines()
    ]
    assert {"demo", "malaria", "search"} <= set(names)


def test_new_writes_a_preset_that_can_be_run_and_never_overwrites(medtui, tmp_path):
    """The new file passes `check`, carries its own name, and is safe from a second `new`."""
    assert medtui("preset", "new", "cells", "--set", "data.card=malaria").stdout == "cells.toml\n"
    written = (tmp_path / "cells.toml").read_text(encoding="utf-8")
    assert tomli.loads(written)["name"] == "cells"
    assert medtui("preset", "check", "cells.toml").returncode == 0
    assert medtui("preset", "new", "cells.toml").returncode == 2
    assert (tmp_path / "cells.toml").read_text(encoding="utf-8") == written


def test_a_folder_is_no_preset(medtui, tmp_path):
    """It is there, so that it is not missing; and no file is written beside it."""
    (tmp_path / "cells").mkdir()
    for arguments in (("check", "cells"), ("show", "cells"), ("new", "cells")):
        done = medtui("preset", *arguments)
        assert done.returncode == 2
        assert "medtui: cells is a folder" in done.stderr
    assert not (tmp_path / "cells.toml").exists()


def test_a_dry_run_counts_what_a_search_may_ask_for(medtui, tmp_path):
    """Without a grid there is no table; the runs are the search's, with what they cost."""
    (tmp_path / "p.toml").write_text(
        GOOD.replace('"demo"', '"demo"\nlimit = 24') + SEARCH, encoding="utf-8"
    )
    told = medtui("--run", "p.toml", "--dry-run").stdout
    assert "the reference and at most 6 compressions\n" in told
    assert "of accuracy on val; at most 3 runs each" in told
    assert "estimate   about " in told
    assert "weights kept" not in told
    assert medtui("preset", "check", "p.toml").stdout == "p.toml: valid, at most 7 runs\n"


@pytest.mark.parametrize("name", ["demo", "malaria", "schemes", "search"])
def test_shipped_presets_say_what_to_expect(name):
    """The first comment is for people."""
    path = REPOSITORY / "presets" / f"{name}.toml"
    assert path.read_text(encoding="utf-8").startswith("# ")
