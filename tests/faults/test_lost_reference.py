"""A reference whose model was lost is trained again, to the same bits, as the message promises."""

import shutil

import pytest

from medtui.jobs.launcher import resume_study, start_study
from medtui.preset import parse_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.verification import verify_study
from medtui.storage import digest_of_file
from tests.helpers.study_processes import assert_same_outcome, is_over, result_of
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.faults

PRESET = """
name = "lost"
[data]
card = "demo"
limit = 24
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 2
batch_size = 16
[compress]
schemes = ["Prune"]
densities = [0.5]
[lc]
cycles = 3
steps = 4
batch_size = 16
[guard]
recalibrate_images = 16
[evaluate]
bootstrap = 10
[machine]
device = "cpu"
threads = 1
reference_threads = 1
"""


def test_a_lost_reference_is_trained_again(tmp_path):
    """Every file of the study is what was written, before and after."""
    study = start_study(parse_preset(PRESET, "lost"), tmp_path / "runs")
    wait_until(lambda: is_over(study), "the study's end", seconds=1800)
    assert_whole(study)
    shutil.copytree(study.path, tmp_path / "whole")
    expected = digest_of_file(study.reference.model)
    study.reference.model.unlink()
    run = study.run("prune-0.5")
    for path in run.path.iterdir():
        if path not in {run.preset, run.lock} and path.is_file():
            path.unlink()
    resume_study(study)
    wait_until(lambda: is_over(study), "the study's second end", seconds=1800)
    assert digest_of_file(study.reference.model) == expected
    assert not any("trained again" in text for text in result_of(study.reference).warnings)
    assert not study.reference.former_result.exists()
    assert_same_outcome(run, StudyFolder(tmp_path / "whole").run("prune-0.5"))
    assert_whole(study)


def assert_whole(study: StudyFolder) -> None:
    """Every file is recorded and unchanged."""
    states = {str(check.path): (check.state, check.reason) for check in verify_study(study)}
    assert set(states.values()) == {("ok", "")}, states
    assert len(states) > 15
