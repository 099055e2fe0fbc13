"""Cases that users of other programs reported, each as they would meet it: by the command line.

Cases of the application, of other users and of process 1 have modules of their own.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from medtui.events import RunStopped
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.ownership.claim import newest_claim
from tests.helpers.mini_study import broken_flock, mini_preset, start_medtui
from tests.helpers.namespaces import contained
from tests.helpers.paths import REPOSITORY
from tests.helpers.study_images import draw_films
from tests.helpers.study_processes import is_over, result_of

Medtui = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def medtui(tmp_path: Path) -> Medtui:
    """Return a function that writes a preset and runs `medtui` beside it."""

    def run(preset: str, *words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
        (tmp_path / "mini.toml").write_text(preset, encoding="utf-8")
        process = start_medtui(tmp_path, *words, **options)
        output, errors = process.communicate(timeout=600)
        assert b"Traceback" not in (errors or b""), errors
        return subprocess.CompletedProcess(words, process.returncode, output, errors)

    return run


def closed_stdout() -> None:
    """Close stdout, as `>&-` does."""
    os.close(1)


SURROUNDINGS: dict[str, Callable[[Path], dict[str, object]]] = {
    "CUDA_VISIBLE_DEVICES=NoDevFiles": lambda _: {"env": {"CUDA_VISIBLE_DEVICES": "NoDevFiles"}},
    "CUDA_VISIBLE_DEVICES=0": lambda _: {"env": {"CUDA_VISIBLE_DEVICES": "0"}},
    "stdout is Latin-1": lambda _: {"env": {"PYTHONIOENCODING": "latin-1"}},
    "stdout is ASCII": lambda _: {"env": {"PYTHONIOENCODING": "ascii"}},
    "stdout is closed": lambda _: {"stdout": None, "preexec_fn": closed_stdout},
    "stdout is full": lambda _: {"stdout": Path("/dev/full").open("wb")},  # noqa: SIM115 - until the test ends
    "flock is missing": lambda folder: {"env": broken_flock(folder, 38)},
    "flock has no locks left": lambda folder: {"env": broken_flock(folder, 37)},
    "flock accepts every lock": lambda folder: {"env": broken_flock(folder, 0)},
    "HOME is not set": lambda folder: {"env": {"HOME": "", "TMPDIR": str(folder)}},
}
"""What is odd where the study runs."""


@pytest.mark.faults
@pytest.mark.parametrize("make", SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
def test_a_study_is_finished_with_exit_code_0(medtui, tmp_path, make):
    """Reference and compression have results; nobody asked for a GPU that is not there."""
    done = medtui(mini_preset(), "--run", "mini.toml", "--runs-dir", "runs", **make(tmp_path))
    assert done.returncode == 0, done.stderr
    runs = StudyFolder(tmp_path / "runs" / "mini").runs()
    assert [run.name for run in runs] == ["reference", "prune-0.5"]
    for run in runs:
        assert result_of(run).device.startswith("cpu")


@pytest.mark.faults
def test_a_dry_run_says_that_the_cpu_computes(medtui):
    """Where `CUDA_VISIBLE_DEVICES` names no GPU."""
    done = medtui(
        mini_preset(), "--run", "mini.toml", "--dry-run", env={"CUDA_VISIBLE_DEVICES": "NoDevFiles"}
    )
    assert done.returncode == 0, done.stderr
    assert b"CUDA_VISIBLE_DEVICES=NoDevFiles" in done.stdout + done.stderr


@pytest.mark.faults
@pytest.mark.parametrize("architecture", ["googlenet", "inception_v3", "swin_t", "vit_b_16"])
def test_networks_with_other_outputs_and_functional_layers_are_planned(medtui, architecture):
    """A network that cannot take images of this size is refused by name."""
    preset = mini_preset(model={"architecture": architecture})
    done = medtui(preset, "--run", "mini.toml", "--dry-run")
    told = done.stdout + done.stderr
    if done.returncode == 0:
        assert b"prune-0.5" in told
    else:
        assert done.returncode == 2, told
        assert architecture.encode() in told


@pytest.mark.faults
@pytest.mark.parametrize("scheme", ["FilterPrune", "StructPrune"])
def test_no_class_of_squeezenet_is_removed(medtui, tmp_path, scheme):
    """Its classes are the filters of a convolution, which the guard leaves whole."""
    preset = mini_preset(
        data={"card": "chestxray14", "root": str(draw_films(tmp_path / "films")), "limit": 40},
        model={"architecture": "squeezenet1_1"},
        compress={"schemes": [scheme], "densities": [0.7]},
    )
    done = medtui(preset, "--run", "mini.toml", "--runs-dir", "runs", "--quiet")
    assert done.returncode == 0, done.stderr
    (run,) = (each for each in StudyFolder(tmp_path / "runs" / "mini").runs() if each.is_compressed)
    layers = {layer.name: layer for layer in result_of(run).size.layers}
    classes = layers["classifier.1"]
    assert classes.num_structures_kept == classes.num_structures == 15


@pytest.mark.faults
@pytest.mark.parametrize("words", [("--dry-run",), ()], ids=["dry run", "start"])
def test_weights_are_opened_before_anything_starts(medtui, tmp_path, words):
    """A missing file is named, and no folder is left."""
    preset = mini_preset(model={"weights": "/nope.pt"})
    done = medtui(preset, "--run", "mini.toml", "--runs-dir", "runs", *words)
    assert done.returncode in {2, 3}
    assert b"/nope.pt" in done.stderr
    assert not (tmp_path / "runs" / "mini").exists()


def test_stop_reaches_a_study_in_a_container_and_nobody_here(medtui, tmp_path):
    """A process here has the pid that the worker has there."""
    run = RunFolder(tmp_path / "runs" / "mini" / "prune-0.5")
    run.path.mkdir(parents=True)
    run.study.preset.write_text(mini_preset(), encoding="utf-8")
    program = REPOSITORY / "tests" / "helpers" / "light_worker.py"
    with ExitStack() as stack:
        stranger = stack.enter_context(subprocess.Popen(["sleep", "600"]))
        stack.callback(stranger.kill)
        worker = stack.enter_context(
            contained(
                [sys.executable, str(program), str(run.path), "8", "60"], pid=stranger.pid,
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            )
        )  # fmt: skip
        assert worker.stdout.readline() == b"ready\n"
        assert newest_claim(run.path).owner.pid == stranger.pid
        done = medtui(mini_preset(), "stop", "mini", "--runs-dir", "runs")
        assert done.returncode == 0, done.stderr
        while worker.poll() is None:
            try:
                worker.stdin.write(b"\n")  # the next step
            except BrokenPipeError:
                break
        worker.wait(240)
        assert stranger.poll() is None
    assert isinstance(EventTail(run.events).read_all()[-1].event, RunStopped)
    assert is_over(run.study)
