"""GPUs and cores that other users' processes use are left to them, and taken when they are free."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from medtui.fork_server import StartedProcess
from medtui.jobs import device_slots
from medtui.jobs.available_devices import list_devices
from medtui.jobs.courtesy import CHECK_SECONDS, Courtesy, GpuWatch, num_runs_beside, split_by_others
from medtui.jobs.device_slots import Slot, explain_others, find_slots
from medtui.jobs.schedulers import Task
from medtui.jobs.schedulers.local import LocalScheduler
from medtui.jobs.slot_pool import SlotPool, least_used
from medtui.jobs.study_supervisor import Supervisor
from medtui.jobs.supervisor import _supervise
from medtui.jobs.worker_process import WorkerStarter
from medtui.preset import MachineSettings, parse_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.waiting_note import WaitingNote, read_waiting
from medtui.telemetry import NO_DEVICES, GpuProcess, GpuSample, Probe, ProbedGpu
from medtui.telemetry.core_use import CoreUse
from medtui.telemetry.occupants import describe_others, gpus_named, name_users
from medtui.telemetry.process_stat import TICKS_PER_SECOND
from medtui.units import GIB
from tests.helpers.instant_scheduler import preset_of
from tests.helpers.manual_clock import ManualClock
from tests.helpers.waiting import wait_until

ANNA = GpuProcess(4711, "anna", "python", 31 * GIB, is_other_user=True)
BEN = GpuProcess(4712, "ben", "python", 2 * GIB, is_other_user=True)
OWN = GpuProcess(4713, "me", "python", 5 * GIB, is_other_user=False)
HIDDEN = GpuProcess(4714, memory_bytes=GIB)
"""Of another container, where a study's own processes may be, too."""

CPU = Slot(NO_DEVICES, "cpu")


def machine_with(*processes: list[GpuProcess]) -> Probe:
    """Return a machine whose GPUs have these processes."""
    return Probe(
        gpus=[
            ProbedGpu(GpuSample(index=number, uuid=f"GPU-{number}"), found)
            for number, found in enumerate(processes)
        ]
    )


def settings(**keys: object) -> MachineSettings:
    """Return resolved settings of a study."""
    return MachineSettings.model_validate({"workers": 4, "threads": 1, **keys})


class Machine:
    """A machine whose processes change, and a study that looks at it."""

    def __init__(self, probe: Probe, **keys: object) -> None:
        self.probe = probe
        self.clock = ManualClock(0.0)
        self.num_probes = 0
        self.lines: list[str] = []
        self._watch = GpuWatch(self._look, self.clock)
        self.courtesy = Courtesy(settings(**keys), gpus=self._watch, report=self.lines.append)

    def _look(self) -> Probe:
        self.num_probes += 1
        return self.probe

    def settle(self) -> None:
        """Wait for the probe, if one is being made."""
        if self._watch._thread is not None:
            self._watch._thread.join()


def slots_on(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> list[Slot]:
    """Return the slots of a machine."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(device_slots, "probe_safely", lambda: probe)
    return find_slots(MachineSettings())


def take_all(pool: SlotPool, machine: Machine) -> list[str]:
    """Return the devices of all slots that can be taken now."""
    pool.take()
    machine.settle()
    taken = list[str]()
    while slot := pool.take():
        taken.append(slot.devices)
    return taken


def test_a_gpu_of_another_user_is_left_alone_until_it_is_free(monkeypatch):
    """Three of four are used; the log says who is on the other, which the next look takes."""
    machine = Machine(machine_with([OWN], [ANNA], [HIDDEN], []))
    pool = SlotPool(slots_on(machine.probe, monkeypatch), machine.courtesy)
    assert take_all(pool, machine) == ["GPU-0", "GPU-2", "GPU-3"]
    assert machine.lines == [
        "GPU 1: anna, python, 31 GiB: left alone until it is free (machine.polite)"
    ]
    assert pool.waiting_for == "GPU 1 used by anna"
    machine.probe = machine_with([], [], [], [])
    machine.clock.now += CHECK_SECONDS - 0.1
    assert take_all(pool, machine) == []
    assert machine.num_probes == 1
    machine.clock.now += 0.2
    assert take_all(pool, machine) == ["GPU-1"]
    assert pool.waiting_for == ""
    assert (machine.num_probes, machine.lines[1:]) == (2, ["every GPU is free of other users"])


@pytest.mark.parametrize(
    "keys", [{"polite": False}, {"device": "cuda:1"}], ids=["not polite", "a named GPU"]
)
def test_what_is_asked_for_is_taken(monkeypatch, keys):
    """Without a look at anybody's processes."""
    machine = Machine(machine_with([ANNA], [ANNA]), **keys)
    pool = SlotPool(slots_on(machine.probe, monkeypatch), machine.courtesy)
    assert pool.take() == Slot("GPU-0", "cuda:0")
    assert machine.num_probes == 0


def test_a_machine_without_nvml_answers_hinders_nothing(monkeypatch):
    """Nobody is known to compute there."""
    machine = Machine(Probe(reason="NVML did not answer within 15 s."))
    pool = SlotPool([Slot("0", "cuda:0"), Slot("1", "cuda:0")], machine.courtesy)
    assert take_all(pool, machine) == ["0", "1"]


def test_a_packed_run_frees_its_share():
    """The device with the fewest runs is used first."""
    first, second = Slot("0", "cuda:0"), Slot("1", "cuda:0")
    pool = SlotPool([first, second] * 2)
    assert [pool.take() for _ in range(5)] == [first, second, first, second, None]
    pool.release(second)
    assert pool.take() == second
    assert least_used([first, second], [first, first, second]) == second


def test_entries_of_cuda_visible_devices_name_gpus():
    """By index or the beginning of the UUID; a GPU in MIG mode stands for its instances."""
    parts = [ProbedGpu(GpuSample(0, f"MIG-{name}", is_mig=True), []) for name in "ab"]
    gpus = [*parts, *machine_with([], [ANNA]).gpus[1:]]
    named = {entry: len(gpus_named(entry, gpus)) for entry in ("0", "1", "GPU-1", "MIG-a", "none")}
    assert named == {"0": 2, "1": 1, "GPU-1": 1, "MIG-a": 1, "none": 0}
    free, left = split_by_others([Slot(each, "cuda:0") for each in ("0", "1")], gpus)
    assert ([slot.devices for slot in free], left) == (["0"], gpus[2:])


def test_the_users_of_a_gpu_are_named():
    """Each user once in what the study waits for, each process in the log."""
    gpu = machine_with([ANNA, BEN, ANNA, OWN]).gpus[0]
    assert name_users(gpu) == "GPU 0 used by anna and ben"
    two = machine_with([ANNA, BEN]).gpus[0]
    assert describe_others(two) == "GPU 0: anna, python, 31 GiB; ben, python, 2 GiB"


def test_a_dry_run_names_the_gpus_of_others(monkeypatch):
    """As long as the study would wait for them."""
    slots_on(machine_with([], [ANNA]), monkeypatch)
    said = "GPU 1: anna, python, 31 GiB: not used before it is free (machine.polite)"
    assert explain_others(MachineSettings()) == said
    assert explain_others(MachineSettings(polite=False)) == ""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert explain_others(MachineSettings()) == ""


def test_the_device_field_says_whose_gpu_it_is(monkeypatch):
    """A named one is used all the same."""
    probe = machine_with([OWN], [ANNA, BEN])
    monkeypatch.setattr("medtui.jobs.available_devices.probe_safely", lambda: probe)
    free, used = list_devices().description.split(" · ")[-2:]
    assert "used by" not in free
    assert used.startswith("cuda:1 ")
    assert used.endswith("used by anna and ben")


def test_schema_1_keeps_taking_every_gpu():
    """Presets without a schema are those of earlier versions."""
    text = 'name = "old"\n[data]\ncard = "demo"\n'
    assert not parse_preset(text, "old").machine.polite
    assert parse_preset(f"schema = 2\n{text}", "new").machine.polite


@pytest.mark.parametrize(
    ("num_slots", "threads", "busy", "cores", "allowed"),
    [
        (8, 1, 0.4, 8, 8),  # a daemon
        (8, 1, 2.6, 8, 5),
        (8, 1, 20.0, 8, 1),  # never none
        (4, 1, 4.0, 8, 4),  # they use the cores that runs would not
        (4, 2, 1.0, 8, 3),
        (16, 1, 1.0, 8, 15),  # more runs than cores were asked for
    ],
)
def test_cores_of_other_users_are_left_to_them(num_slots, threads, busy, cores, allowed):
    """Rounded to whole cores; at least one run goes on."""
    assert num_runs_beside(num_slots, threads, busy, cores) == allowed


def scripted_cores(clock: ManualClock, *ticks: dict[tuple[int, int], int]) -> CoreUse:
    """Return the use of cores by processes with these CPU times at one look after another."""
    looks = iter(ticks)
    return CoreUse(lambda: next(looks), clock)


def test_the_load_of_others_is_their_cpu_time():
    """A process that was not there before has used all of its time since; one look in 10 s."""
    clock, second = ManualClock(0.0), TICKS_PER_SECOND
    cores = scripted_cores(
        clock,
        {(1, 0): 50 * second},
        {(1, 0): 52 * second, (2, 9): 2 * second},
        {(2, 9): 7 * second},
    )
    assert cores.busy() is None
    clock.now += 2.0
    assert cores.busy() == 2.0
    clock.now += 9.0
    assert cores.busy() == 2.0
    clock.now += 1.0
    assert cores.busy() == 0.5


def test_a_busy_machine_gets_fewer_runs(monkeypatch):
    """The first starts at once, the others when the load is known."""
    monkeypatch.setattr("medtui.jobs.courtesy.os.cpu_count", lambda: 4)
    clock, lines = ManualClock(0.0), list[str]()
    cores = scripted_cores(clock, {}, {(7, 7): 4 * TICKS_PER_SECOND})
    courtesy = Courtesy(settings(), cores=cores, report=lines.append)
    pool = SlotPool([CPU] * 4, courtesy)
    assert [pool.take(), pool.take()] == [CPU, None]
    clock.now += 2.0
    assert [pool.take(), pool.take()] == [CPU, None]
    assert lines == ["other users keep 2.0 cores busy: 2 runs at once"]


class EndedWorkers(WorkerStarter):
    """Starts workers that have ended at once."""

    def __init__(self, started: list[str]) -> None:
        super().__init__()
        self._started = started

    def start(self, task: Task, _slot: Slot) -> StartedProcess:
        """Keep the task's name; its process ended on request."""
        self._started.append(task.folder.name)
        return SimpleNamespace(poll=lambda: 4, returncode=4, pid=0)


def test_a_study_without_a_free_gpu_waits_and_says_so(tmp_path: Path, monkeypatch):
    """In a file of its folder, until its run starts."""
    run = StudyFolder(tmp_path / "study").run("prune-0.1")
    run.path.mkdir(parents=True)
    machine = Machine(machine_with([ANNA, BEN]))
    slots = slots_on(machine.probe, monkeypatch)
    told, started = list[str](), list[str]()

    def pause(_seconds: float) -> None:
        machine.settle()
        if text := read_waiting(run.study):
            told.append(text)
            machine.probe = machine_with([])
        machine.clock.now += 4.0

    monkeypatch.setattr("medtui.jobs.study_supervisor.time.sleep", pause)
    monkeypatch.setattr("medtui.jobs.schedulers.local._sampler_of", lambda *_: None)
    scheduler = LocalScheduler(slots, EndedWorkers(started), machine.courtesy)
    Supervisor(run.study, preset_of("study"), scheduler)._run_all([run])
    assert set(told) == {"GPU 0 used by anna and ben"}
    assert started == ["prune-0.1"]
    assert read_waiting(run.study) == ""


def test_a_study_is_as_polite_as_its_preset(tmp_path: Path, monkeypatch):
    """Its log names who is in the way; a note of a supervisor that was killed is deleted."""
    study = StudyFolder(tmp_path / "study")
    study.path.mkdir()
    study.preset.write_text('schema = 2\nname = "study"\n[data]\ncard = "demo"\n')
    WaitingNote(study).set("GPU 0 used by anna")
    machine = Machine(machine_with([ANNA]))
    slots_on(machine.probe, monkeypatch)
    monkeypatch.setattr("medtui.jobs.schedulers.choice.Courtesy", lambda *_, **__: machine.courtesy)
    monkeypatch.setattr(Supervisor, "obey", lambda *_: None)
    monkeypatch.setattr(
        Supervisor, "execute", lambda self: len(take_all(self._scheduler._pool, machine))
    )
    server = SimpleNamespace(start=lambda: None, close=lambda: None)
    lock = SimpleNamespace(claim=SimpleNamespace(check=lambda: None))
    assert _supervise(study, lock, None, server) == 0
    assert machine.lines[0].startswith("GPU 0: anna, python, 31 GiB")
    assert read_waiting(study) == ""


def test_a_folder_that_cannot_be_written_hinders_no_study(tmp_path: Path):
    """The file is for readers alone."""
    note = WaitingNote(StudyFolder(tmp_path / "missing"))
    note.set("GPU 0 used by anna")
    note.set("")


def test_the_probe_runs_beside_the_supervisor():
    """Which is not held up by a driver that takes long."""
    clock = ManualClock(0.0)
    watch = GpuWatch(Probe, clock)
    assert watch.latest() is None
    wait_until(lambda: watch.latest() == Probe(), "the probe")
