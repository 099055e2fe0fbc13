"""A forked process is like one that was started, and a server that dies loses none."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from medtui.child_process import child_environment
from medtui.fork_server import ForkedProcess, ForkServer, client
from medtui.telemetry.process_stat import read_stat
from tests.helpers.paths import REPOSITORY
from tests.helpers.waiting import wait_until

PROGRAM = "tests.helpers.forked_program"

Fork = Callable[..., ForkedProcess | None]


@pytest.fixture
def warnings() -> list[str]:
    """Return the warnings of the server."""
    return []


@pytest.fixture
def server(warnings: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    """Return a server that is ready."""
    monkeypatch.chdir(REPOSITORY)
    made = ForkServer(["numpy", "tests.helpers.forked_program"], child_environment(),
                      warn=warnings.append)  # fmt: skip
    made.start()
    wait_until(lambda: made.is_settled, "the server")
    assert not warnings
    yield made
    made.close()


@pytest.fixture
def fork(server: ForkServer, tmp_path: Path) -> Iterator[Fork]:
    """Return a function that forks the program; what it forked is killed at the end."""
    forked: list[ForkedProcess] = []

    def call(end: str, name: str = "facts") -> ForkedProcess | None:
        with (tmp_path / "in").open("w+b") as stdin, (tmp_path / "out").open("ab") as output:
            process = server.fork(
                PROGRAM, [end, str(tmp_path / name)],
                (stdin.fileno(), output.fileno(), output.fileno()),
                environment={"CUDA_VISIBLE_DEVICES": "7"}, has_own_session=True,
            )  # fmt: skip
        forked.extend(filter(None, [process]))
        return process

    yield call
    for process in forked:
        process.kill()
        process.wait(30)


def facts_in(path: Path) -> dict[str, object]:
    """Return what the program wrote."""
    facts: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def test_a_forked_process_is_like_one_that_was_started(fork, tmp_path):
    """Session, folder, descriptors, environment, arguments, handlers and its name in lists."""
    process = fork("0")
    assert process.wait(60) == 0
    first = facts_in(tmp_path / "facts")
    printed = (tmp_path / "out").read_text()
    assert sorted(printed.splitlines()) == ["written to stderr", "written to stdout"]
    with (tmp_path / "in").open("rb") as stdin, (tmp_path / "out").open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, "0", str(tmp_path / "facts")],
            stdin=stdin, stdout=output, stderr=output, start_new_session=True,
            env=child_environment("7"),
        )  # fmt: skip
        assert started.wait() == 0
    second = facts_in(tmp_path / "facts")
    assert (tmp_path / "out").read_text() == 2 * printed
    assert first.pop("pid") == first.pop("session") == process.pid
    assert second.pop("pid") == second.pop("session") == started.pid
    assert first.pop("random") != second.pop("random")
    assert first == second


def test_each_process_has_random_numbers_of_its_own(fork, tmp_path):
    """Both generators of the server had one state."""
    for name in ("first", "second"):
        assert fork("0", name).wait(60) == 0
    first, second = (facts_in(tmp_path / name)["random"] for name in ("first", "second"))
    assert all(one != other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("end", "number", "status"),
    [("3", 0, 3), ("raise", 0, 1), ("wait", signal.SIGTERM, -15), ("wait", signal.SIGKILL, -9),
     ("wait", signal.SIGINT, -2)],
)  # fmt: skip
def test_exit_statuses_arrive_as_from_a_process_that_was_started(
    fork, tmp_path, end, number, status
):
    """A status, a traceback and signals."""
    process = fork(end)
    wait_until((tmp_path / "facts").exists, "the program")
    if number:
        assert process.poll() is None
        os.kill(process.pid, number)
    assert process.wait(60) == process.returncode == status
    assert ("RuntimeError: told to" in (tmp_path / "out").read_text()) == (end == "raise")


def test_a_process_survives_its_server(server, fork, warnings, tmp_path):
    """Its status is not lost; the next process starts without a server, and one later with it."""
    process = fork("wait")
    stat = read_stat(process.pid)
    os.kill(server.pid, signal.SIGKILL)
    assert fork("0", "second") is None
    assert len(warnings) == 1
    assert "a process is started without it" in warnings[0]
    assert read_stat(process.pid).start_ticks == stat.start_ticks
    process.terminate()
    assert process.wait(60) == -signal.SIGTERM
    wait_until(lambda: server.is_settled, "the next server")
    assert fork("0", "third").wait(60) == 0
    assert not (tmp_path / "second").exists()
    assert len(warnings) == 1


def test_a_server_that_hangs_is_given_up(server, fork, warnings, monkeypatch, tmp_path):
    """What it forks too late ends before it has begun."""
    monkeypatch.setattr(client, "REPLY_SECONDS", 0.2)
    hung = server._process
    os.kill(hung.pid, signal.SIGSTOP)
    monkeypatch.setattr(hung, "kill", lambda: None)  # so that it answers too late
    monkeypatch.setattr(client, "END_SECONDS", 0.0)
    assert fork("0") is None
    assert "no process after 0.2 s" in warnings[0]
    os.kill(hung.pid, signal.SIGCONT)
    assert hung.wait(60) == 0, "it has served the request, and then found the socket closed"
    wait_until(lambda: not children_of(hung.pid), "what it forked")
    assert not (tmp_path / "facts").exists()


def children_of(pid: int) -> str:
    """Return the pids of a process's children; empty if it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return ""


def test_an_upgrade_replaces_the_server(server, fork, warnings, monkeypatch):
    """It has modules of the earlier version."""
    former = server.pid
    monkeypatch.setattr(client, "_installed", lambda: (1, 2))
    assert fork("0") is None
    assert "before medtui was upgraded" in warnings[0]
    wait_until(lambda: server.is_settled, "the next server")
    assert server.pid != former
    assert fork("0").wait(60) == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [("import no_such_module", "No module named 'no_such_module'"),
     ("import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start()",
      "the fork server has 2 threads after its imports")],
)  # fmt: skip
def test_a_server_that_cannot_fork_safely_is_not_used(tmp_path, content, reason):
    """Without a module, or with threads, which a fork does not copy; it is not tried again."""
    (tmp_path / "wrong_module.py").write_text(content, encoding="utf-8")
    warnings: list[str] = []
    environment = child_environment() | {"PYTHONPATH": f"{REPOSITORY}:{tmp_path}"}
    with (tmp_path / "err").open("w+b") as stderr:
        server = ForkServer(["wrong_module"], environment, stderr=stderr, warn=warnings.append)
        server.start()
        wait_until(lambda: server.is_settled, "the server")
    assert "ended while it imported its modules" in warnings[0]
    assert reason in (tmp_path / "err").read_text()
    assert server.pid is None
    assert server.fork(PROGRAM, ["0", "x"], (0, 1, 2)) is None
    assert len(warnings) == 1


def test_a_server_that_dies_again_and_again_is_not_replaced_for_ever(server, fork, warnings):
    """Each start of one costs seconds."""
    for number in range(1, client.MAX_STARTS + 1):
        os.kill(server.pid, signal.SIGKILL)
        assert fork("0") is None
        wait_until(lambda: server.is_settled, "the next server")
        assert len(warnings) == number
    assert server.pid is None


def test_closing_ends_the_server_and_so_does_the_end_of_its_client(server):
    """At once; nothing is left."""
    pid = server.pid
    server._socket.close()
    server._socket = None
    wait_until(lambda: not read_stat(pid).is_alive, "the server's end")
    server.close()
    assert read_stat(pid) is None


def test_other_systems_start_every_process_by_itself(monkeypatch, warnings):
    """Forking is not safe on macOS, and there is no subreaper."""
    monkeypatch.setattr(sys, "platform", "darwin")
    server = ForkServer([], {}, warn=warnings.append)
    server.start()
    assert server.is_settled
    assert server.pid is None
    assert server.fork(PROGRAM, [], (0, 1, 2)) is None
    assert not warnings


def test_a_process_of_others_is_not_taken_for_a_child():
    """Its pid comes from a socket."""
    with pytest.raises(ChildProcessError):
        ForkedProcess(os.getppid())
