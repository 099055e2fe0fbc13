"""A whole study of two reference seeds: killed, resumed, and each run of its own reference."""

import os
import signal

from medtui.jobs.launcher import resume_study, start_study
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_study import summarise_study
from medtui.preset import parse_preset
from medtui.runs.result import read_result
from tests.helpers.study_processes import events_of, is_over, pid_of
from tests.helpers.waiting import wait_until

PRESET = """
schema = 2
name = "seeds"
[data]
card = "demo"
limit = 48
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 1
batch_size = 16
lr = 0.01
seeds = [0, 1]
[compress]
schemes = ["Quantize32"]
control = false
guard = "off"
[lc]
cycles = 1
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
"""


def test_a_killed_study_of_two_references_ends_with_each_run_of_its_own(tmp_path):
    """Cycle 0 of a scheme that changes nothing keeps the weights of the run's own reference."""
    study = start_study(parse_preset(PRESET, "test"), tmp_path)
    second = study.run("reference-s1")
    wait_until(lambda: pid_of(second.lock), "the second reference")
    killed = [pid for lock in (study.lock, second.lock) if (pid := pid_of(lock))]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_over(study), "the end of the killed processes")
    assert study.reference.result.is_file()
    assert not second.result.is_file()
    first_events = events_of(study.reference)
    resume_study(study)
    wait_until(lambda: is_over(study), "the end of the resumed study")
    assert events_of(study.reference) == first_events
    names = ["reference", "reference-s1", "quantize32", "quantize32-s1-r1"]
    assert [run.name for run in study.runs()] == names
    models = {name: study.run(name).model.read_bytes() for name in names}
    assert models["quantize32"] == models["reference"] != models["reference-s1"]
    assert models["quantize32-s1-r1"] == models["reference-s1"]
    changed = read_result(study.run("quantize32-s1-r1")).test.flips
    assert changed is not None
    assert changed.num_changed == 0
    feed = StudyFeed(study)
    feed.refresh()
    summary = summarise_study(feed)
    assert summary.status == "finished"
    assert [run.title for run in summary.runs] == [*names[:2], "Quantize32 seed 0",
                                                  "Quantize32 seed 1"]  # fmt: skip
    assert [run.difference for run in summary.runs] == [None, None, 0, 0]
