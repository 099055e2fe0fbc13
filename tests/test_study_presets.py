"""The published study's presets: what they state, and shrunk ones from command line to report."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.engine.lc.penalty_budget import penalty_budget
from medtui.events import CycleEnded
from medtui.metrics import metric_named
from medtui.preset import Preset, dump_preset, expand_grid, load_preset, scratch_cells
from medtui.resources import preset_names
from medtui.runs.folder import StudyFolder
from tests.helpers.command_line import run_medtui
from tests.helpers.paths import REPOSITORY
from tests.helpers.study_images import draw_cells, draw_films
from tests.helpers.study_processes import events_of, result_of

NAMES = [name for name in preset_names() if name.startswith("study/")]
WITHOUT_SCRATCH = ("study/fig08", "study/fig09-stock", "study/fig10-13-stock")
"""Whose smallest run has one weight, or which repeat stock Condensa alone."""

DRAWN = {"malaria": draw_cells, "chestxray14": draw_films}
"""Card to what draws its images."""

SHRUNK = (
    "data.size=32", "reference.epochs=1", "reference.batch_size=12", "lc.cycles=2",
    "lc.first_steps=2", "lc.steps=2", "lc.batch_size=8", "guard.recalibrate_images=16",
    "machine.device=cpu", "machine.reference_threads=1", "bench.calls=20", "bench.rounds=3",
    "bench.max_batch=1", "bench.seconds=0.01", "bench.sustain_seconds=0",
)  # fmt: skip

IN_TREE = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
"""Environment in which modules of the tests are found from any folder."""

FIGURES = ("test", "averages", "memory", "utilisation", "classes")
"""Those that the study's figures are drawn as, besides `density`."""


def medtui(*arguments: str, folder: Path) -> str:
    """Run the command line in `folder`, whose runs are below it; return its output."""
    return run_medtui(*arguments, folder=folder, MEDTUI_RUNS_DIR=str(folder / "runs"))


def first_and_last(preset: Preset) -> list[str]:
    """Return overrides that leave the first scheme at one density, and the last."""
    schemes = list(dict.fromkeys((preset.compress.schemes[0], preset.compress.schemes[-1])))
    small = ["compress.densities=[0.1]", "compress.omit=[]", "compress.scratch=false"]
    return [f"compress.schemes={schemes}", *small]


def run_shrunk(name: str, folder: Path, *more: str) -> tuple[Preset, str, StudyFolder]:
    """Run a preset on drawn images; return it, what was printed, and its study."""
    root = DRAWN[load_preset(name).data.card](folder / "images")
    shrunk = [*SHRUNK, f"data.root={root}", *more]
    preset = load_preset(name, shrunk)
    printed = medtui("--run", name, "--quiet", *(f"--set={each}" for each in shrunk), folder=folder)
    return preset, printed, StudyFolder(folder / "runs" / preset.name)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_preset_asks_for_what_its_figures_show(name: str) -> None:
    """Test by cycle, latency and throughput; published numbers are of runs and metrics it has."""
    preset = load_preset(name)
    assert preset.schema_version == 2
    assert preset.evaluate.test_every == 1
    assert preset.bench.enabled
    assert preset.guard.unreachable == "keep" or preset.compress.guard == "off"
    assert set(preset.published) <= {cell.slug for cell in expand_grid(preset)}
    assert all(metric_named(number.metric) for number in preset.published.values())
    assert preset.compress.scratch == (name not in WITHOUT_SCRATCH)
    if preset.data.card == "chestxray14":
        assert preset.evaluate.thresholds == "half"
        assert preset.data.class_weights == "frequency"
    if preset.data.card == "malaria":
        assert preset.data.augment is not None
        assert not preset.data.augment.flip_vertical


def test_figure_8_has_the_scheme_that_the_study_can_only_have_meant() -> None:
    """Its "Quantize16" at a density prunes and rounds; single weights alone stand beside it."""
    compress = load_preset("study/fig08").compress
    assert compress.schemes == ("PruneQuantize16", "Prune")
    assert compress.densities[0] == 0.1
    assert compress.densities[-1] <= 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_a_study_preset_has_condensa_s_budget_or_is_a_short_form(name: str) -> None:
    """Presets for GPUs have a long first L step; none is below the budget at which L-C works."""
    lc = load_preset(name).lc
    num_updates = (lc.first_steps or lc.steps) + (lc.cycles - 2) * lc.steps
    assert penalty_budget(lc) > 3
    assert (num_updates == 129_000) != ("short" in name)
    budgets = {34: 32.8, 44: 65.7}
    if "short" not in name:
        assert penalty_budget(lc) == pytest.approx(budgets[lc.cycles - 1], abs=0.05)


def test_films_run_from_one_command_to_the_study_s_tables(tmp_path: Path) -> None:
    """Curves of test, bars, latency, tables 3 and 4 with the published numbers beside ours."""
    one = ('compress.schemes=["Prune"]', "compress.densities=[0.1]", "compress.control=false",
           "compress.scratch=false", "guard.finetune_epochs=0")  # fmt: skip
    preset, printed, study = run_shrunk("study/fig10-13", tmp_path, *one)
    assert "images/s" in printed
    assert "p50" in printed
    cycles = [each for each in events_of(study.run("prune-0.1")) if isinstance(each, CycleEnded)]
    assert [set(each.test) >= {"accuracy", "exact_match", "auroc"} for each in cycles] == [True] * 2
    medtui("report", preset.name, "-o", "films.md", folder=tmp_path)
    report = (tmp_path / "films.md").read_text()
    assert "Published results" in report
    assert "27.0 %" in report
    assert "Published accuracy by class, beside test" in report
    assert "83.0 % to 98.0 % (Rowley 2020, table 4)" in report
    for name in FIGURES:
        assert (tmp_path / "films-figures" / f"{name}.svg").stat().st_size
    for label, measured in result_of(study.run("prune-0.1")).test.per_class.items():
        assert f"| {label} | {100 * measured['accuracy']:.1f} % |" in report


@pytest.mark.slow
@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_study_preset_runs_end_to_end(name: str, is_whole: bool, tmp_path: Path) -> None:
    """Every scheme is carried through; the report holds the study's numbers beside ours."""
    root = DRAWN[load_preset(name).data.card](tmp_path / "images")
    more = () if is_whole else first_and_last(load_preset(name))
    preset = load_preset(name, [*SHRUNK, f"data.root={root}", *more])
    (tmp_path / "shrunk.toml").write_text(dump_preset(preset))
    command = [sys.executable, "-m", "tests.helpers.study_in_one_process", "runs", "shrunk.toml"]
    subprocess.run(command, cwd=tmp_path, env=os.environ | IN_TREE, check=True)
    study = StudyFolder(tmp_path / "runs" / preset.name)
    planned = [*expand_grid(preset), *scratch_cells(preset)]
    assert [run.name for run in study.runs()[1:]] == [cell.slug for cell in planned]
    for run in study.runs():
        assert result_of(run).test.num_patients > 1
    medtui("report", preset.name, "-o", "report.md", folder=tmp_path)
    report = (tmp_path / "report.md").read_text()
    are_several = len(preset.compress.densities) > 1
    for figure in ("test", "averages", "classes", *["density"] * are_several):
        assert (tmp_path / "report-figures" / f"{figure}.svg").stat().st_size
    for run, number in preset.published.items():
        if study.run(run).result.is_file() and number.value is not None:
            assert number.source in report
            assert f"{100 * number.value:.1f} %" in report
