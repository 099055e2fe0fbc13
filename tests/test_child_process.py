"""One way to start a child process: environment, messages, failures, cancelling."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from medtui import child_process
from medtui.child_process import ChildProcess, child_environment, last_line
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.fork_server import ForkServer
from medtui.protocol.model_benchmark import decoder
from medtui.protocol.outcome import Failed, Progress, error_class
from tests.helpers.child_module import Request
from tests.helpers.paths import REPOSITORY
from tests.helpers.waiting import wait_until

Child = Callable[[str], ChildProcess[Progress]]


@pytest.fixture(autouse=True)
def _child_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{Path(__file__).parents[1]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """Return a fork server that is ready."""
    environment = child_environment() | {"PYTHONPATH": str(REPOSITORY)}
    server = ForkServer(["tests.helpers.child_module"], environment, warn=pytest.fail)
    server.start()
    wait_until(lambda: server.is_settled, "the server")
    yield server
    server.close()


@pytest.fixture(params=["started", "forked"])
def child(request: pytest.FixtureRequest) -> Child:
    """Return a function that starts the tests' child, or lets a server fork it."""
    server = request.getfixturevalue("server") if request.param == "forked" else None

    return lambda task: started(task, server)


def started(task: str, server: ForkServer | None = None) -> ChildProcess[Progress]:
    """Start the tests' child."""
    return ChildProcess(
        "tests.helpers.child_module", decoder, Request(task),
        error_prefix="It could not be done", server=server,
    )  # fmt: skip


def test_every_child_waits_passively(child, monkeypatch):
    """Whatever this process's own setting is; the child itself says so."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    with child("environment") as process:
        assert process.result().text == "PASSIVE"
    assert child_environment("1,2")["CUDA_VISIBLE_DEVICES"] == "1,2"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert child_environment()["CUDA_VISIBLE_DEVICES"] == "7"


@pytest.mark.parametrize("has_own_session", [True, False])
def test_a_child_that_measures_has_a_session_of_its_own(has_own_session):
    """As a run has: where Linux shares the CPU among sessions, it gets as much as a run."""
    with ChildProcess(
        "tests.helpers.child_module", decoder, Request("session"),
        error_prefix="It could not be done", has_own_session=has_own_session,
    ) as process:  # fmt: skip
        assert [message.text for message in process.messages()][1] == str(has_own_session)


def test_a_flooded_stderr_holds_nobody_up(child):
    """Two megabytes of complaints, more than any pipe holds, before the message comes."""
    with child("flood") as process:
        assert [message.text for message in process.messages()] == ["began", "flooded"]


def test_what_libraries_print_is_no_message(child):
    """Not even where it looks like one; a message may be longer than a pipe."""
    with child("print") as process:
        assert [message.text[:9] for message in process.messages()] == ["began", "xxxxxxxxx"]


@pytest.mark.parametrize(
    ("task", "kind", "sentence"),
    [
        ("die", EnvironmentProblem, "It could not be done: the reason."),
        (
            "raise",
            EnvironmentProblem,
            "It could not be done: ValueError: an array of the wrong shape.",
        ),
        ("refuse", UsageError, "It cannot be."),
        ("crash", EnvironmentProblem, "It could not be done: ended by SIGSEGV."),
    ],
)
def test_a_failure_is_an_error_with_its_reason(child, task, kind, sentence):
    """Its own message, else the last line of stderr, else how it ended."""
    with child(task) as process, pytest.raises(MedtuiError) as caught:
        process.result()
    assert type(caught.value) is kind
    assert caught.value.message == sentence


def test_an_error_crosses_whole(child):
    """Hint, exit code and keys."""
    with child("refuse") as process, pytest.raises(UsageError) as caught:
        list(process.messages())
    assert (caught.value.hint, caught.value.key) == ("Try another.", ("lc", "steps"))
    assert Failed.of(caught.value).error().exit_code == 2


def test_exit_codes_have_their_classes():
    """Signals and unknown codes are the environment's fault."""
    found = [error_class(code) for code in (1, 2, 3, 17, -9)]
    assert found == [MedtuiError, UsageError] + [EnvironmentProblem] * 3


@pytest.mark.parametrize("task", ["wait", "ignore"])
def test_a_cancelled_child_is_gone(child, task):
    """From another thread, while this one reads; one that ignores SIGTERM is killed."""
    with child(task) as process:
        for message in process.messages():  # ends without an error
            if message.text == "waiting":
                threading.Thread(target=process.cancel, args=(0.2,)).start()
        assert not psutil.pid_exists(process.pid)
        assert process.is_cancelled


def test_leaving_the_with_statement_ends_the_child(child, monkeypatch):
    """Also by an error in the middle of its messages."""
    monkeypatch.setattr(child_process, "GRACE_SECONDS", 0.2)
    process = child("ignore")

    def fail_once_it_waits() -> None:
        with process:
            for message in process.messages():
                if message.text == "waiting":
                    raise KeyError

    with pytest.raises(KeyError):
        fail_once_it_waits()
    assert not psutil.pid_exists(process.pid)


def test_a_child_that_is_too_slow_is_killed(child):
    """The answer raises, and does not wait."""
    with child("wait") as process:
        with pytest.raises(TimeoutError):
            process.result(1.0)
        assert process.is_cancelled
    assert not psutil.pid_exists(process.pid)


def test_no_descriptor_is_left_open(child):
    """Pipes and files of ended, failed and cancelled children."""
    own = psutil.Process()
    with child("environment") as process:
        process.result()
    before = own.num_fds()
    for task in ("environment", "die", "flood", "wait"):
        with child(task) as process:
            if task == "wait":
                process.cancel()
            try:
                list(process.messages())
            except EnvironmentProblem:
                assert task == "die"
    assert own.num_fds() == before


def test_a_module_that_cannot_be_started_is_an_error(monkeypatch):
    """Python is not there: the sentence has the system's reason."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(EnvironmentProblem, match=r"It could not be done: .*No such file"):
        started("wait")


def test_the_reason_is_not_an_older_childs(tmp_path):
    """A log that is appended to holds earlier reasons."""
    with (tmp_path / "log").open("a+b") as log:
        log.write(b"an older reason\n")
        log.flush()
        process = ChildProcess(
            "tests.helpers.child_module",
            decoder,
            Request("crash"),
            error_prefix="Failed",
            stderr=log,
        )
        with process, pytest.raises(EnvironmentProblem, match=r"Failed: ended by SIGSEGV\."):
            process.result()


def test_the_last_line_is_the_last_that_is_not_empty():
    """Whatever stands before it, and however it ends."""
    assert last_line(b"one\n two \n\n") == "two"
    assert last_line(b"") == ""
