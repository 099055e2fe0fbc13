"""Jobs of Slurm as the study sees them: submitted once, followed by listings, found again."""

import time

import msgspec
import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs import launcher
from medtui.jobs.schedulers import (
    Ended,
    Running,
    Vanished,
    Waiting,
    slurm_job,
    slurm_queue,
)
from medtui.jobs.schedulers.slurm import SlurmScheduler
from medtui.jobs.schedulers.slurm_job import ASK_AGAIN_SECONDS
from medtui.jobs.schedulers.slurm_listing import parse_listing
from medtui.jobs.schedulers.slurm_queue import SlurmQueue
from medtui.runs.folder import RunFolder
from medtui.runs.job_record import read_job
from medtui.runs.ownership.claim import Superseded
from tests.helpers.scripted_slurm import (
    ListedQueue,
    ScriptedSlurm,
    preset_of,
    scheduler_of,
    tasks_in,
)
from tests.helpers.waiting import wait_until


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> ScriptedSlurm:
    """Return a cluster without jobs."""
    return ScriptedSlurm(monkeypatch)


def test_a_job_is_followed_from_the_queue_to_its_end(tmp_path, slurm):
    """Its folder says what the cluster says, for readers."""
    (task,) = tasks_in(tmp_path, 1)
    queue = ListedQueue()
    scheduler = scheduler_of(queue)
    job = scheduler.start(task)
    told = []
    for word, reason, nodes in [
        ("PENDING", "Resources", ""), ("CONFIGURING", "None", "n1"), ("RUNNING", "None", "n1"),
        ("PENDING", "BeginTime", ""), ("RUNNING", "None", "n2"), ("COMPLETED", "None", "n2"),
    ]:  # fmt: skip
        slurm.become("100", word, reason, nodes)
        queue.update()
        scheduler.refresh()
        record = read_job(task.folder)
        told.append((job.state, record.state, record.reason, record.place))
    assert told == [
        (Waiting("Resources"), "waiting", "Resources", ""),
        (Waiting("CONFIGURING"), "waiting", "CONFIGURING", "n1"),
        (Running("n1"), "running", "", "n1"),
        (Waiting("BeginTime"), "waiting", "BeginTime", "n1"),
        (Running("n2"), "running", "", "n2"),
        (Ended(0), "ended", "COMPLETED", "n2"),
    ]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("CANCELLED by 0", Ended(4)), ("FAILED", Vanished("FAILED")),
        ("NODE_FAIL", Vanished("NODE_FAIL", is_lost=True)), ("TIMEOUT", Vanished("TIMEOUT")),
        ("PREEMPTED", Vanished("PREEMPTED", is_lost=True)),
        ("COMPLETING", Running("n1")), ("SUSPENDED", Waiting("SUSPENDED")),
        ("REQUEUE_HOLD", Waiting("REQUEUE_HOLD")),
    ],
)  # fmt: skip
def test_words_of_the_cluster(word, state):
    """A job that nobody knows the end of may be started again."""
    listing = parse_listing(f"7|{word}|None|n1|a|b\n\nnonsense\n", 0.0)
    assert [each.state for each in listing.jobs.values()] == [state]
    assert listing.named("a|b") is not None


def test_a_job_is_lost_once_two_listings_lack_it(tmp_path, slurm):
    """One that was made before the submission says nothing."""
    (task,) = tasks_in(tmp_path, 1)
    queue = ListedQueue()
    queue.update()
    scheduler = scheduler_of(queue)
    job = scheduler.start(task)
    slurm.lines.clear()
    states = []
    for _ in range(2):
        scheduler.refresh()
        scheduler.refresh()
        states.append(job.state)
        queue.update()
    scheduler.refresh()
    assert states == [Waiting(""), Waiting("")]
    assert job.state == Vanished(is_lost=True)
    assert read_job(task.folder).reason == "not in the queue"


def test_a_number_that_is_given_again_is_another_job(tmp_path, slurm):
    """A controller that was killed may have forgotten its last jobs, and their numbers."""
    (task,) = tasks_in(tmp_path, 1)
    queue = ListedQueue()
    scheduler = scheduler_of(queue)
    job = scheduler.start(task)
    slurm.lines["100"] = ["RUNNING", "None", "n1", "somebody.elses"]
    for _ in range(2):
        queue.update()
        scheduler.refresh()
    assert job.state == Vanished(is_lost=True)
    assert scheduler_of(ListedQueue()).reattach(task) is None


@pytest.mark.parametrize("has_id", [True, False])
def test_a_new_supervisor_finds_the_job_of_the_last(tmp_path, slurm, *, has_id):
    """Also where that one was killed before it had noted the identifier."""
    (task,) = tasks_in(tmp_path, 1)
    scheduler_of(ListedQueue()).start(task)
    if not has_id:
        path = task.folder / "job.json"
        record = msgspec.structs.replace(read_job(task.folder), id="", state="submitting")
        path.write_bytes(msgspec.json.encode(record))
    queue = ListedQueue()
    scheduler = scheduler_of(queue)
    job = scheduler.reattach(task)
    slurm.become("100", "RUNNING", "None", "n2")
    queue.update()
    scheduler.refresh()
    assert job.state == Running("n2")
    assert read_job(task.folder).id == "100"
    assert slurm.count("sbatch") == 1


def test_a_job_that_is_over_is_not_taken_up_again(tmp_path, slurm):
    """Nor one that the cluster has forgotten: the run is submitted anew."""
    tasks = tasks_in(tmp_path, 3)
    first = scheduler_of(ListedQueue())
    for task in tasks[:2]:
        first.start(task)
    slurm.become("100", "CANCELLED")
    del slurm.lines["101"]
    again = scheduler_of(ListedQueue())
    assert [again.reattach(task) for task in tasks] == [None, None, None]


def test_nothing_is_submitted_twice_while_the_cluster_does_not_answer(tmp_path, slurm):
    """The study ends with a message instead, to be resumed later."""
    (task,) = tasks_in(tmp_path, 1)
    scheduler_of(ListedQueue()).start(task)
    slurm.is_down = True
    with pytest.raises(EnvironmentProblem, match="Unable to contact slurm controller"):
        scheduler_of(ListedQueue()).reattach(task)


def test_a_superseded_supervisor_submits_nothing(tmp_path, slurm):
    """Its token would not be written down."""
    (task,) = tasks_in(tmp_path, 1)

    def fence() -> None:
        raise Superseded("taken over")

    preset = preset_of()
    with pytest.raises(Superseded):
        SlurmScheduler(preset.machine, preset.jobs, fence, ListedQueue()).start(task)
    assert slurm.count("sbatch") == 0


def test_a_job_that_waits_is_cancelled_also_when_it_is_queued_again(tmp_path, slurm):
    """A node may fail while its worker is being stopped."""
    (task,) = tasks_in(tmp_path, 1)
    queue = ListedQueue()
    scheduler = scheduler_of(queue)
    job = scheduler.start(task)
    job.stop()
    assert slurm.commands[-1] == ["scancel", "100"]
    slurm.become("100", "PENDING", "BeginTime")
    queue.update()
    scheduler.refresh()
    assert slurm.commands[-1] == ["scancel", "100"]
    assert slurm.count("scancel") == 2
    queue.update()
    scheduler.refresh()
    assert job.state == Ended(4)
    job.kill()
    assert slurm.commands[-1] == ["scancel", "--signal=KILL", "100"]


def test_a_worker_that_was_started_again_is_asked_to_stop_again(tmp_path, slurm, monkeypatch):
    """No listing need have shown that its job waited in between."""
    asked = list[str]()
    monkeypatch.setattr(slurm_job, "request_stop", lambda _, name: not asked.append(name))
    (task,) = tasks_in(tmp_path, 1)
    queue, now = ListedQueue(), [0.0]
    scheduler = scheduler_of(queue, clock=lambda: now[0])
    job = scheduler.start(task)
    slurm.become("100", "RUNNING", "None", "n1")
    now[0] = time.monotonic()
    queue.update()
    scheduler.refresh()
    job.stop()
    for _ in range(3):
        now[0] += ASK_AGAIN_SECONDS * 0.6
        queue.update()
        scheduler.refresh()
    assert asked == ["s/prune-0.1"] * 2
    assert slurm.count("scancel") == 0


@pytest.mark.parametrize(
    ("word", "reason"),
    [("REQUEUE_HOLD", "JobHoldMaxRequeue"), ("PENDING", "launch failed requeued held")],
)
def test_a_job_that_is_held_because_of_its_nodes_goes_on(tmp_path, slurm, word, reason):
    """Slurm holds it; one that a user holds stays as it is."""
    (task,) = tasks_in(tmp_path, 1)
    queue = ListedQueue()
    scheduler = scheduler_of(queue)
    job = scheduler.start(task)
    slurm.become("100", "PENDING", "JobHeldUser")
    queue.update()
    scheduler.refresh()
    assert (job.state, slurm.count("scontrol")) == (Waiting("JobHeldUser"), 0)
    slurm.become("100", word, reason)
    queue.update()
    scheduler.refresh()
    assert job.state == Waiting(reason)
    assert slurm.commands[-1] == ["scontrol", "release", "100"]
    queue.update()
    scheduler.refresh()
    assert (job.state, slurm.count("scontrol")) == (Waiting(""), 1)


def test_a_held_job_that_its_user_may_not_release_is_submitted_anew(tmp_path, slurm):
    """Its run has lost its place, and the job is cancelled."""
    (task,) = tasks_in(tmp_path, 1)
    queue = ListedQueue()
    scheduler = scheduler_of(queue)
    job = scheduler.start(task)
    slurm.become("100", "PENDING", "launch failed requeued held")
    slurm.is_refusing_release = True
    for _ in range(2):
        queue.update()
        scheduler.refresh()
    assert job.state == Vanished("held", is_lost=True)
    assert slurm.commands[-1] == ["scancel", "100"]
    assert scheduler.start(task) is not None
    assert slurm.count("sbatch") == 2


def test_a_user_cancels_a_job_that_has_no_supervisor(tmp_path, slurm):
    """By `medtui stop`; the run is shown as stopped."""
    (task,) = tasks_in(tmp_path, 1)
    scheduler_of(ListedQueue()).start(task)
    assert launcher.stop_run(RunFolder(task.folder))
    assert slurm.lines["100"][0] == "CANCELLED"
    assert read_job(task.folder).was_cancelled
    assert not launcher.stop_run(RunFolder(task.folder))


def test_the_queue_is_listed_once_in_five_seconds(slurm, monkeypatch):
    """However many jobs ask; not at all without one."""
    monkeypatch.setattr(slurm_queue, "LIST_SECONDS", 1000.0)
    queue = SlurmQueue()
    queue.want(is_wanted=True)
    wait_until(lambda: queue.listing is not None, "the listing")
    for _ in range(100):
        queue.want(is_wanted=True)
        queue.cancel("7")
    wait_until(lambda: not queue._cancelled, "the cancellation")
    queue.close()
    assert slurm.count("squeue") == 1
