"""Presets: read, refused, overridden, written back."""

import pytest
import tomlkit

from medtui.errors import UsageError
from medtui.preset import (
    cell_named,
    count_runs,
    describe_compressions,
    describe_count,
    describe_searches,
    dump_preset,
    expand_grid,
    load_preset,
    parse_preset,
    preset_for,
)
from medtui.preset.toml import MAX_BYTES, DocumentError
from medtui.resources import preset_names

SMALL = '# a study\nname = "small"\n\n[data]\ncard = "demo"  # the generated cells\n'


def problems_of(text: str) -> str:
    """Return what is said about a wrong preset."""
    with pytest.raises(DocumentError) as caught:
        parse_preset(text, "p.toml")
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("[lc]\nstepps = 3", "p.toml:7: unknown key `stepps` in [lc]. Did you mean `steps`?"),
        ('[lc]\nsteps = "many"', "p.toml:7: `lc.steps` = 'many' must be a valid integer"),
        ("[lc]\nsteps = true", "p.toml:7: `lc.steps` = true"),
        ("[lc]\nlr = nan", "p.toml:7: `lc.lr` = nan is not a finite number"),
        ("[lc]\nlr_decay = 0.9\nlr_schedule = [1]\nlr_multiplier = 0.1", "exclude each other"),
        ("[compress]\ndensities = [0.1, 0]", "p.toml:7: `compress.densities[1]` = 0 must be"),
        ("[compress]\ndensities = [1.5]", "p.toml:7: `compress.densities[0]` = 1.5 must be"),
        ("[compress]\ndensities = [0.1, 0.1]", "names a value twice"),
        ('[compress]\nschemes = ["Pruen"]', "unknown scheme `Pruen`. Did you mean `Prune`?"),
        ("[compress]\nschemes = []", "p.toml:7: `compress.schemes`: empty; choose from"),
        ('[compress]\nomit = ["prune-0.2"]', "no run of the grid. Did you mean `prune-0.1`?"),
        ('[compress]\nomit = ["prune-0.1"]', "leaves no run of the grid"),
        ('[search]\nscheme = "Pruen"', "unknown scheme `Pruen`. Did you mean `Prune`?"),
        ('[search]\nscheme = ["Prune", "Quantize16"]', "`Quantize16` takes no density"),
        ('[search]\nscheme = "Prune"\nlow = 0.5\nhigh = 0.1', "p.toml:9: `search.high`: low = 0.5"),
        ('[search]\nscheme = "Prune"\nmetric = "f1"', "p.toml:8: `search.metric` = 'f1'"),
        ('[search]\nscheme = "Prune"\nbudget = 3', "p.toml:8: `search.budget`: finalists = 3"),
        ('[search]\nscheme = "Prune"\nobjective = "latency"\nmethod = "bisection"', "falls with"),
        ('[search]\nscheme = "Prune"\n[guard]\nwarmup_cycles = 5', "leaves none of a probe's 5"),
        ('[machine]\ndevice = "tpu"', "`machine.device` = 'tpu'"),
        ("[colour]\nx = 1", "unknown key `colour`"),
        ('[compress]\nschemes = "Prune"', "`compress.schemes` = 'Prune' must be a list"),
        ('[data]\ncard = "again"', "not valid TOML"),
        ("x = ", "p.toml:6: not valid TOML"),
        ("x = " + "[" * 50, "deeper than"),
        ("schema = 9", "unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_preset_is_explained(extra, words):
    """File, line, a plain sentence and the cure."""
    said = problems_of(f"{SMALL}{extra}\n")
    assert words in said
    assert said.endswith((" problem.", " problems."))


def test_all_problems_are_reported_at_once():
    """One reading finds what is wrong everywhere."""
    said = problems_of('name = 3\n[data]\ncard = "demo"\nseeed = 1\n[lc]\nsteps = 0\nlr = -1\n')
    assert "4 problems" in said


def test_a_newer_schema_is_refused():
    """A preset of a later version is not half-read."""
    assert "newer than this medtui" in problems_of(f"schema = 3\n{SMALL}")


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"#" * (MAX_BYTES + 1)])
def test_an_unreadable_file_is_refused(tmp_path, raw):
    """Not UTF-8, or too long."""
    path = tmp_path / "p.toml"
    path.write_bytes(raw)
    with pytest.raises(DocumentError, match=r"p\.toml"):
        load_preset(str(path))


def test_a_missing_file_names_the_shipped_presets():
    """A typo in a name is answered with what there is."""
    with pytest.raises(UsageError, match="demo"):
        load_preset("demmo")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    """Editors on Windows write one."""
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_preset(str(path)).name == "small"


def test_overrides_are_validated_like_the_file(tmp_path):
    """`--set` takes TOML values, and bare text as a string."""
    path = tmp_path / "p.toml"
    path.write_text(SMALL)
    preset = load_preset(str(path), ["lc.steps=7", "data.root=/some/where", "data.seed=2"])
    assert (preset.lc.steps, preset.data.root, preset.data.seed) == (7, "/some/where", 2)
    for wrong in ("lc.steps=x", "lc.stepps=1", "lc.steps", "=1", "name.x=1"):
        with pytest.raises(UsageError):
            load_preset(str(path), [wrong])


def test_a_root_beside_the_preset_is_found(tmp_path):
    """A relative root is taken from the preset's own folder."""
    (tmp_path / "cells").mkdir()
    path = tmp_path / "p.toml"
    path.write_text(f'{SMALL}root = "cells"\n')
    assert load_preset(str(path)).data.root == str(tmp_path / "cells")


def test_writing_keeps_comments_and_reads_back_equal():
    """A preset survives its own file; comments and order stay."""
    preset = parse_preset(f"{SMALL}[lc]\nlr_end = 0.0\n", "p")
    written = dump_preset(preset, SMALL)
    assert "# a study" in written
    assert "# the generated cells" in written
    assert parse_preset(written, "again") == preset


def test_the_grid_spans_schemes_densities_and_seeds():
    """A scheme without density has one cell a seed; names of runs are unique."""
    preset = parse_preset(
        f'{SMALL}[compress]\nschemes = ["Prune", "Quantize16"]\ndensities = [0.5, 1e-6]\n'
        "seeds = [0, 3]\n",
        "p",
    )
    slugs = [cell.slug for cell in expand_grid(preset)]
    assert slugs == [
        "prune-0.5", "prune-0.5-s3", "prune-1e-6", "prune-1e-6-s3", "quantize16", "quantize16-s3",
    ]  # fmt: skip
    for cell in expand_grid(preset):
        assert expand_grid(preset_for(preset, cell)) == [cell]


def test_cells_are_left_out_by_their_runs_names():
    """The grid is a product less what is omitted; a single run's own preset omits nothing."""
    text = (
        '[compress]\nschemes = ["Prune", "Quantize16"]\ndensities = [0.5, 0.1]\nseeds = [0, 1]\n'
        'omit = ["prune-0.5", "quantize16-s1"]\n'
    )
    preset = parse_preset(f"{SMALL}{text}", "p.toml")
    cells = expand_grid(preset)
    names = [cell.slug for cell in cells]
    assert names == ["prune-0.5-s1", "prune-0.1", "prune-0.1-s1", "quantize16"]
    assert expand_grid(preset_for(preset, cells[0])) == [cells[0]]
    assert parse_preset(dump_preset(preset_for(preset, cells[0])), "p.toml").compress.omit == ()


def test_a_search_needs_no_grid_and_its_samples_name_themselves():
    """Beside no schemes it stands alone; a sample's name leads to a preset that repeats it."""
    preset = parse_preset(f'{SMALL}[search]\nscheme = "Prune"\n', "p")
    assert expand_grid(preset) == []
    assert count_runs(preset) == 11
    assert parse_preset(dump_preset(preset), "again") == preset
    for name, cycles in (("prune-0.123", 45), ("prune-0.123-s2-probe", 5)):
        cell = cell_named(preset, name)
        narrowed = preset_for(preset, cell)
        assert (cell.slug, narrowed.lc.cycles, narrowed.search) == (name, cycles, None)
        assert cell_named(narrowed, name) == cell
        assert [each.density for each in expand_grid(narrowed)] == [0.123]
    for name in ("reference", "prune", "quantize16-0.1", "prune-0.10", "other-0.1"):
        assert cell_named(preset, name) is None


def test_a_search_says_what_it_looks_for_and_costs_at_most():
    """Probes are counted apart, and the whole number is a bound: a search may end early."""
    text = '[search]\nscheme = ["Prune", "FilterPrune"]\nobjective = "latency"\nmetric = "auroc"\n'
    preset = parse_preset(SMALL + text, "p")
    assert describe_searches(preset) == (
        "Prune, FilterPrune: the density with the lowest latency at batch 1 from 0.01 to 1 that "
        "loses at most 0.01 of AUROC on val; at most 10 runs each, 5 of them with 5 cycles"
    )
    assert describe_compressions(preset) == "at most 20 compressions"
    assert describe_count(preset) == "at most 21"
    alone = parse_preset(f'{SMALL}[search]\nscheme = "Prune"\nprobe_cycles = 0\n', "p")
    assert describe_searches(alone).endswith("on val; at most 10 runs")
    assert describe_searches(parse_preset(SMALL, "p")) == ""


def test_operators_compose_freely():
    """A preset's own scheme takes any operators in any order."""
    preset = parse_preset(
        f'{SMALL}[compress]\nschemes = ["Mixed"]\n[[compress.custom]]\nname = "Mixed"\n'
        'operators = [{op = "BlockPrune", block = [2, 8], density = 0.5}, {op = "Prune"}, '
        '{op = "Quantize", dtype = "float16"}]\n',
        "p",
    )
    (cell,) = expand_grid(preset)
    assert [operator.op for operator in cell.scheme.operators] == [
        "BlockPrune",
        "Prune",
        "Quantize",
    ]
    assert parse_preset(dump_preset(preset), "again") == preset


@pytest.mark.parametrize("name", preset_names())
def test_presets_written_section_by_section_are_as_written_at_once(name):
    """Of the study and of a run, with the text of the library that writes TOML."""
    preset = load_preset(name)
    for each in (preset, *(preset_for(preset, cell) for cell in expand_grid(preset)[:1])):
        document = tomlkit.document()
        for key, value in each.model_dump(by_alias=True, exclude_none=True, mode="json").items():
            document[key] = value
        assert dump_preset(each) == tomlkit.dumps(document)
