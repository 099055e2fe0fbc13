"""A newer process cancels its predecessor."""

import psutil

from medtui.child_process import ChildProcess
from medtui.jobs.latest_process import LatestProcess
from medtui.protocol.model_benchmark import decoder
from medtui.protocol.outcome import Progress
from tests.helpers.child_module import Request


def waiting() -> ChildProcess[Progress]:
    """Start a process that waits; return it once it is waiting."""
    process = ChildProcess(
        "tests.helpers.child_module", decoder, Request("wait"), error_prefix="It failed"
    )
    for message in process.messages():
        if message.text == "waiting":
            break
    return process


def test_a_newer_process_cancels_the_older():
    """The older one's messages end; the newer one continues until it is cancelled."""
    latest = LatestProcess[Progress]()
    latest.cancel()  # there is none
    first, second = waiting(), waiting()
    latest.take(first)
    latest.take(second)
    assert list(first.messages()) == []
    assert not psutil.pid_exists(first.pid)
    assert second.exit_code is None
    latest.cancel()
    assert list(second.messages()) == []
    for process in (first, second):
        process.close()
