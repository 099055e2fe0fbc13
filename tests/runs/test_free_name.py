"""The name that a new study will get."""

from medtui.runs.free_name import describe_name, free_name
from medtui.runs.runs_dir import create_study


def test_it_is_the_one_that_is_created(tmp_path):
    """Also where earlier studies have the name of the preset."""
    for expected in ("demo", "demo-2", "demo-3"):
        assert free_name(tmp_path, "Demo") == expected
        assert create_study(tmp_path, "Demo").name == expected
    assert describe_name(tmp_path, "Demo") == "demo-4 (demo exists)"
    assert describe_name(tmp_path, "other") == "other"
