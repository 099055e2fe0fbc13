"""The published study's presets, shrunk to a handful of images, from command line to report."""

from pathlib import Path

import pytest

from medtui.preset import expand_grid, load_preset
from medtui.resources import preset_names
from medtui.runs.folder import StudyFolder
from tests.helpers.command_line import run_medtui
from tests.helpers.study_processes import result_of

pytestmark = pytest.mark.real_data

ROOTS = {"malaria": "malaria", "chestxray14": "chest"}
"""Card to its images' folder among the real data."""

SHRUNK = (
    "data.limit=24", "reference.epochs=1", "reference.batch_size=12", "lc.cycles=1", "lc.steps=2",
    "lc.batch_size=8", "guard.recalibrate_images=16", "evaluate.bootstrap=20", "machine.device=cpu",
)  # fmt: skip


def medtui(*arguments: str, folder: Path) -> str:
    """Run the command line in `folder`, whose runs are below it; return its output."""
    return run_medtui(*arguments, folder=folder, MEDTUI_RUNS_DIR=str(folder / "runs"))


def shrink(name: str, root: Path, *, is_whole: bool) -> list[str]:
    """Return overrides that make a preset small; unless whole, two schemes at one density."""
    preset = load_preset(name)
    shrunk = [*SHRUNK, f"data.root={root / ROOTS[preset.data.card]}"]
    if preset.data.card == "chestxray14":  # a part of the films, with the table of all
        shrunk.append('data.accept=["rows-without-files"]')
    if not is_whole:
        schemes = dict.fromkeys((preset.compress.schemes[0], preset.compress.schemes[-1]))
        shrunk += [f"compress.schemes={list(schemes)}", "compress.densities=[0.1]"]
    return shrunk


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [name for name in preset_names() if name.startswith("study/")])
def test_a_study_preset_runs_end_to_end(name, is_whole, real_data, tmp_path):
    """Every scheme is carried through; the report holds the study's numbers beside ours."""
    shrunk = shrink(name, real_data, is_whole=is_whole)
    preset = load_preset(name, shrunk)
    medtui("--run", name, "--quiet", *(f"--set={each}" for each in shrunk), folder=tmp_path)
    study = StudyFolder(tmp_path / "runs" / preset.name)
    assert [run.name for run in study.runs()[1:]] == [cell.slug for cell in expand_grid(preset)]
    for run in study.runs():
        assert result_of(run).test.num_patients > 1
    medtui("report", preset.name, "-o", "report.html", folder=tmp_path)
    report = (tmp_path / "report.html").read_text()
    for run, number in preset.published.items():
        if study.run(run).result.is_file():
            assert number.source in report
            assert f"{100 * number.value:.1f} %" in report
