"""kill -9 of real workers at random moments, against runs that nobody touched."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medtui.jobs.launcher import start_study
from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log_reader import EventTail
from tests.helpers.study_processes import assert_same_outcome, is_over, result_of
from tests.helpers.waiting import wait_until

NUM_MOMENTS = 20

PRESET = """
name = "killed"
[data]
card = "demo"
limit = 48
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 6
batch_size = 16
lr = 0.01
[compress]
schemes = ["Prune", "Quantize16", "PruneQuantize16", "FilterPrune", "StructPrune",
           "StructPruneQuantize16"]
densities = [0.2]
[lc]
cycles = 6
steps = 10
batch_size = 16
mu_init = 0.5
[guard]
recalibrate_images = 32
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
threads = 1
reference_threads = 1
"""

EAGER_WORKER = """
import sys
import medtui.engine.run.checkpoint
medtui.engine.run.checkpoint.COST_SHARE = 1.0  # these runs are too short for the usual thrift
from medtui.worker import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def oracle(tmp_path_factory) -> StudyFolder:
    """A study that ran undisturbed."""
    study = start_study(parse_preset(PRESET, "killed"), tmp_path_factory.mktemp("oracle"))
    wait_until(lambda: is_over(study), "the oracle's end", seconds=1800)
    for run in study.runs():
        result_of(run)
    return study


def work_on(run: RunFolder) -> subprocess.Popen[bytes]:
    """Start a real worker that checkpoints as often as it can."""
    with run.worker_log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-c", EAGER_WORKER, str(run.path), "--device", "cpu"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip


def num_told(run: RunFolder) -> int:
    """Count the records of a run's log so far."""
    return len(EventTail(run.events).read_all())


def prepare(oracle: StudyFolder, original: RunFolder, folder: Path) -> RunFolder:
    """Make a run that was planned and not begun, beside the oracle's finished reference."""
    study = StudyFolder(folder / oracle.name)
    run = study.run(original.name)
    run.path.mkdir(parents=True)
    shutil.copy(oracle.preset, study.preset)
    shutil.copy(original.preset, run.preset)
    if not original.is_reference:
        shutil.copytree(oracle.reference.path, study.reference.path)
    return run


def damage_newest(run: RunFolder, rng: random.Random) -> bool:
    """Truncate, or flip a bit of, the newest checkpoint where there is an older one to go to."""
    folders = sorted(each for each in run.checkpoint.iterdir() if each.name.isdigit())
    if len(folders) < 2:
        return False
    tensors = folders[-1] / "tensors.safetensors"
    size = tensors.stat().st_size
    with tensors.open("r+b") as file:
        if rng.random() < 0.5:
            file.truncate(rng.randrange(size))
        else:
            file.seek(rng.randrange(size))
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1 << rng.randrange(8)]))
    return True


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(NUM_MOMENTS))
def test_a_killed_worker_resumes_to_the_same_bits(oracle, tmp_path, moment):
    """Once or twice, wherever it was; every third time the newest checkpoint is damaged, too."""
    rng = random.Random(moment)
    originals = oracle.runs()
    original = originals[moment % len(originals)]
    run = prepare(oracle, original, tmp_path)
    was_killed = was_damaged = False
    for _ in range(rng.randint(1, 2)):
        worker = work_on(run)
        after = num_told(run) + rng.randrange(1, num_told(original) - 1)
        wait_until(lambda: num_told(run) >= after or worker.poll() is not None, "events")  # noqa: B023 - called at once
        time.sleep(rng.random())
        worker.kill()
        if worker.wait() == 0:
            break
        was_killed = True
        if moment % 3 == 0 and run.checkpoint.is_dir():
            was_damaged |= damage_newest(run, rng)
    if not was_killed:
        pytest.skip("the run was over before it could be killed")
    if not run.result.exists():
        assert work_on(run).wait() == 0, run.worker_log.read_text()
    assert_same_outcome(run, original)
    assert any("damaged" in warning for warning in result_of(run).warnings) == was_damaged
