"""Seeds of references and of compressions: the runs that they make, and the names of these."""

import pytest

from medtui.preset import (
    Preset,
    cell_named,
    count_runs,
    dump_preset,
    expand_grid,
    load_preset,
    parse_preset,
    preset_for,
    preset_for_reference,
)
from medtui.preset.file import with_present_names
from medtui.preset.toml import DocumentError

PRESET = """
schema = 2
name = "small"
[data]
card = "demo"
"""


def read(reference: str, compress: str = "") -> Preset:
    """Return a preset with the lines of two of its tables."""
    return parse_preset(f"{PRESET}[reference]\n{reference}\n[compress]\n{compress}\n", "test")


def names(preset: Preset) -> list[str]:
    """Return the names of a preset's runs without the references."""
    return [cell.slug for cell in expand_grid(preset)]


@pytest.mark.parametrize(
    ("reference", "compress", "expected"),
    [
        ("seeds = [0]", "seeds = [0, 3]", ["prune-0.1", "prune-0.1-s3"]),
        ("seeds = [0, 1]", "", ["prune-0.1", "prune-0.1-s1-r1"]),
        ("seeds = [0, 1]", "seeds = [0]", ["prune-0.1", "prune-0.1-r1"]),
        ("seeds = [5, 0]", "seeds = [2, 7]", ["prune-0.1-s2", "prune-0.1-s7-r0"]),
        (
            "seeds = [0, 1]",
            'combine = "product"\nseeds = [0, 3]',
            ["prune-0.1", "prune-0.1-s3", "prune-0.1-r1", "prune-0.1-s3-r1"],
        ),
    ],
)
def test_seeds_are_taken_in_pairs_or_as_their_product(reference, compress, expected):
    """Without seeds of its own, a compression has that of its reference."""
    preset = read(reference, compress)
    controls = [name.replace("prune-0.1", "control") for name in expected]
    assert names(preset) == [*controls, *expected]
    assert count_runs(preset) == len(preset.reference.seeds) + 2 * len(expected)


def test_the_preset_of_a_run_repeats_it_alone():
    """Its name tells which reference it compresses; its own preset has that seed alone."""
    preset = read("seeds = [3, 0, 7]", 'omit = ["prune-0.1-s7-r7"]')
    for cell in expand_grid(preset):
        assert cell_named(preset, cell.slug) == cell
        repeated = parse_preset(dump_preset(preset_for(preset, cell)), "test")
        seed = 3 if cell.reference_seed is None else cell.reference_seed
        assert repeated.reference.seeds == (seed,)
        assert [(each.scheme, each.seed) for each in expand_grid(repeated)] == [
            (cell.scheme, cell.seed)
        ]
    narrowed = parse_preset(dump_preset(preset_for_reference(preset, 7)), "test")
    assert narrowed.reference.seed == 7
    assert preset_for_reference(preset, None).reference.seed == 3


def test_a_preset_of_an_earlier_version_repeats_its_runs(tmp_path):
    """`reference.seed` is a list of one, and compressions have seed 0 unless they name another."""
    text = f"{PRESET.replace('schema = 2', '')}[reference]\nseed = 3\n"
    preset = parse_preset(text, "test")
    assert preset.reference.seeds == (3,)
    assert names(preset) == ["prune-0.1"]
    assert parse_preset(with_present_names(text), "test") == preset
    assert parse_preset(dump_preset(preset), "test") == preset
    path = tmp_path / "old.toml"
    path.write_text(text)
    assert load_preset(str(path), ["reference.seed=4"]).reference.seeds == (4,)
    assert load_preset(str(path), ["reference.seeds=[4, 5]"]).reference.seeds == (4, 5)


@pytest.mark.parametrize(
    ("reference", "compress", "sentence"),
    [
        ("seeds = [0, 1, 2]", "seeds = [0, 1]", "2 seeds cannot be paired with 3"),
        ("seeds = [1, 1]", "", "names a value twice"),
        ("seeds = []", "", "at least 1"),
        ("seed = -1", "", "greater than or equal to 0"),
        ("seeds = [0, 1]", 'omit = ["prune-0.1-s1"]', "is no run of the grid"),
        ('seeds = [0, 1]\n[model]\nweights = "w.pt"', "", "the one reference"),
    ],
)
def test_seeds_that_make_no_runs_are_refused(reference, compress, sentence):
    """The message names the key."""
    with pytest.raises(DocumentError, match=sentence):
        read(reference, compress)
