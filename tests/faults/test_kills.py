"""kill -9 of workers, supervisors, samplers and whole studies, against runs that nobody touched."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from medtui.jobs.launcher import resume_study
from medtui.jobs.planning import plan_runs
from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.runs_dir import create_study
from tests.helpers.eager_workers import eager_python
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.study_processes import assert_same_outcome, is_over, pid_of, result_of
from tests.helpers.waiting import wait_until
from tests.helpers.zygote import PRESET, SCHEMES


def num_told(run: RunFolder) -> int:
    """Count the records of a run's log so far."""
    return len(EventTail(run.events).read_all())


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


@pytest.mark.parametrize("moment", range(scaled(3, 120)))
def test_a_killed_worker_resumes_to_the_same_bits(oracle, zygote, prepare, moment):
    """Once to three times, wherever it was; every third time its newest checkpoint is damaged."""
    rng = random.Random(moment)
    originals = oracle.runs()
    original = originals[moment % len(originals)]
    run = prepare(original)
    num_kills, was_damaged = 0, False
    for _ in range(rng.randint(1, 3)):
        worker = zygote.start(run)
        after = num_told(run) + rng.randrange(num_told(original))
        wait_until(lambda: num_told(run) >= after or worker.is_over, "events")  # noqa: B023 - called at once
        time.sleep(rng.random() / 10)
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        if worker.wait() == 0:
            break
        num_kills += 1
        if moment % 3 == 0 and run.checkpoint.is_dir():
            was_damaged |= damage_newest(run, rng)
    if not run.result.exists():
        assert zygote.start(run).wait() == 0, run.worker_log.read_text()
    assert_same_outcome(run, original)
    assert any("damaged" in warning for warning in result_of(run).warnings) == was_damaged
    note_figure("worker killed", kills=num_kills, damaged=was_damaged)


@pytest.mark.parametrize("moment", range(scaled(1, 60)))
def test_a_worker_killed_at_a_change_of_a_file_resumes_to_the_same_bits(
    oracle, zygote, prepare, tmp_path, moment
):
    """At the n-th write, sync, rename, mkdir, unlink or opening for writing in the run's folder."""
    rng = random.Random(1_000 + moment)
    originals = oracle.runs()
    original = originals[moment % len(originals)]
    run, mark = prepare(original), tmp_path / "mark"
    worker = zygote.start(
        run, FAULT_FOLDER=str(run.path), FAULT_AT=str(rng.randrange(1, 150)), FAULT_MARK=str(mark)
    )
    assert (worker.wait() == -signal.SIGKILL) == mark.exists()
    if not run.result.exists():
        assert zygote.start(run).wait() == 0, run.worker_log.read_text()
    assert_same_outcome(run, original)
    assert not [path for path in run.path.rglob("*.part") if run.checkpoint.exists()]
    note_figure("worker killed at a change of a file", kills=int(mark.exists()))


@pytest.fixture
def _eager_workers(tmp_path_factory: pytest.TempPathFactory, monkeypatch):
    """Let supervisors start workers with tiny networks and frequent checkpoints."""
    program = eager_python(tmp_path_factory.mktemp("bin"))
    monkeypatch.setattr(sys, "executable", str(program))
    started = subprocess.Popen

    def start(command, *arguments, **options):
        if command[1:3] == ["-m", "medtui.jobs.supervisor"]:
            code = (
                f"import sys; sys.executable = {str(program)!r}; "
                "from medtui.jobs.supervisor import main; sys.exit(main())"
            )
            command = [command[0], "-c", code, *command[3:]]
        return started(command, *arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start)


KINDS = ("supervisor", "worker", "sampler", "fork server", "tree")


def processes_of(study: StudyFolder) -> dict[str, list[int]]:
    """Return the pids of a study's processes by kind."""
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    if pid := pid_of(study.lock):
        found["supervisor"].append(pid)
    for run in study.runs():
        if pid := pid_of(run.lock):
            found["worker"].append(pid)
    for process in psutil.process_iter(["cmdline", "ppid"]):
        command = process.info["cmdline"] or []
        if "medtui.telemetry.sampler" in command and any(
            each.startswith(f"--out={study.path}") for each in command
        ):
            found["sampler"].append(process.pid)
        if any("medtui.fork_server" in each for each in command) and (
            process.info["ppid"] in found["supervisor"]
        ):
            found["fork server"].append(process.pid)
    found["tree"] = [pid for pids in found.values() for pid in pids]
    return found


def kill(pids: list[int]) -> int:
    """Kill processes; return how many of them were there."""
    num_killed = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            num_killed += 1
    return num_killed


def await_moment(study: StudyFolder, rng: random.Random) -> None:
    """Wait for some events, or for some time: a worker that imports torch writes none."""
    if rng.random() < 0.25:
        until = time.monotonic() + 4 * rng.random()
        wait_until(lambda: time.monotonic() > until or is_over(study), "a moment")
        return
    after = sum(map(num_told, study.runs())) + rng.randrange(1, 16)
    wait_until(lambda: sum(map(num_told, study.runs())) >= after or is_over(study), "events")


@pytest.mark.slow
@pytest.mark.usefixtures("_eager_workers")
@pytest.mark.parametrize("number", range(scaled(2, 16)))
def test_a_study_whose_processes_are_killed_ends_with_the_same_bits(oracle, tmp_path, number):
    """Kill -9 of a process of each kind and of all of them; each time the study is resumed."""
    rng = random.Random(2_000 + number)
    text = PRESET.replace(str(SCHEMES), str([SCHEMES[number % len(SCHEMES)]]))
    preset = parse_preset(text, "killed")
    study = create_study(tmp_path, preset.name)
    study.preset.write_text(text, encoding="utf-8")
    plan_runs(study, preset)
    kills = dict.fromkeys(KINDS, 0)
    for kind in rng.sample(KINDS, len(KINDS)):
        if is_over(study) and not all(run.result.exists() for run in study.runs()):
            resume_study(study)
        await_moment(study, rng)
        kills[kind] += kill(processes_of(study)[kind])
        if kind in {"supervisor", "tree"}:
            wait_until(lambda: is_over(study), "the workers' end")
    wait_until(lambda: is_over(study), "the end")
    if not all(run.result.exists() for run in study.runs()):
        resume_study(study)
        wait_until(lambda: is_over(study), "the end")
    for run in study.runs():
        assert_same_outcome(run, oracle.run(run.name))
    note_figure("processes of a study killed", kills=sum(kills.values()), **kills)
