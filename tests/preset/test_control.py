"""The control of a preset: a run of the study that no scheme compresses."""

import pytest

from medtui.preset import cell_named, count_runs, dump_preset, expand_grid, parse_preset, preset_for
from medtui.preset.toml import DocumentError

PRESET = """
name = "small"
[data]
card = "demo"
[compress]
schemes = ["Prune", "Quantize16"]
densities = [0.1]
"""


def names(text: str) -> list[str]:
    """Return the names of a preset's runs without the reference."""
    return [cell.slug for cell in expand_grid(parse_preset(text, "test"))]


def test_a_control_of_each_seed_comes_before_the_compressions():
    """A compression is compared with the control of its seed, so this is computed first."""
    assert names(f"{PRESET}control = true\n") == ["control", "prune-0.1", "quantize16"]
    seeded = names(f"{PRESET}control = true\nseeds = [0, 3]\n")
    assert seeded[:3] == ["control", "control-s3", "prune-0.1"]
    assert count_runs(parse_preset(f"{PRESET}control = true\n", "test")) == 4


def test_a_control_can_be_left_out():
    """Then the runs are those of the grid."""
    assert names(f"{PRESET}control = false\n") == ["prune-0.1", "quantize16"]


def test_the_preset_of_a_control_repeats_it_alone():
    """As for every run, the preset in its folder has one cell."""
    preset = parse_preset(f"{PRESET}control = true\nseeds = [3]\n", "test")
    control = expand_grid(preset)[0]
    assert cell_named(preset, "control-s3") == control
    repeated = parse_preset(dump_preset(preset_for(preset, control)), "test")
    assert expand_grid(repeated) == [control]
    prune = expand_grid(preset)[1]
    assert expand_grid(preset_for(preset, prune)) == [prune]


def test_a_scheme_called_control_needs_a_study_without_one():
    """A preset of an earlier version keeps its scheme; with a control the name is taken."""
    custom = '[[compress.custom]]\nname = "Control"\noperators = [{ op = "Prune" }]\n'
    text = PRESET.replace('"Quantize16"', '"Control"')
    assert names(f"{text}control = false\n{custom}") == ["prune-0.1", "control-0.1"]
    with pytest.raises(DocumentError, match="name of the control"):
        parse_preset(f"{text}control = true\n{custom}", "test")


@pytest.mark.parametrize(("schema", "has_control"), [("", False), ("schema = 1", False),
                                                     ("schema = 2", True)])  # fmt: skip
def test_the_schema_decides_where_a_preset_names_no_control(schema, has_control):
    """Presets of earlier versions repeat their runs; those of schema 2 are controlled."""
    preset = parse_preset(f"{schema}\n{PRESET}", "test")
    assert preset.compress.control is has_control
    assert preset.reference.keep == ("last" if has_control else "best")
    assert ("control" in [cell.slug for cell in expand_grid(preset)]) is has_control


@pytest.mark.parametrize(("schema", "metric"), [("schema = 1", "accuracy"), ("schema = 2", None)])
def test_the_schema_decides_what_a_search_holds(schema, metric):
    """Without a search, no default adds one."""
    search = '[search]\nscheme = "Prune"\n'
    assert parse_preset(f"{schema}\n{PRESET}{search}", "test").search.metric == metric
    assert parse_preset(f"{schema}\n{PRESET}", "test").search is None
