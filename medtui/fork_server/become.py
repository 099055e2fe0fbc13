"""What a forked process does before it runs its program: it becomes like one that was started."""

import importlib
import os
import signal
import socket
import sys
import time
import traceback
from typing import NoReturn

from medtui.fork_server.process_name import show_as
from medtui.fork_server.protocol import GO, ForkRequest
from medtui.protocol.stdio import leave

_ADOPTION_WAIT_SECONDS = 0.0005


def become(request: ForkRequest, descriptors: list[int], former_parent: int) -> NoReturn:
    """Become the process of a request, and end with it.

    `descriptors` are stdin, stdout, stderr and the channel to the client.
    """
    *streams, channel = descriptors
    while os.getppid() == former_parent:  # it ends at once
        time.sleep(_ADOPTION_WAIT_SECONDS)
    if request.has_own_session:
        os.setsid()
    if not _may_begin(channel):
        os._exit(0)
    for target, descriptor in enumerate(streams):
        os.dup2(descriptor, target)
    for descriptor in descriptors:
        os.close(descriptor)
    os.environ.update(request.environment)
    _reseed()
    show_as([sys.executable, "-m", request.module, *request.arguments])
    leave(_status_of(request))


def _may_begin(channel: int) -> bool:
    """Send the client this process's pid; return whether it still wants the process."""
    with socket.socket(fileno=os.dup(channel)) as client:
        try:
            client.send(str(os.getpid()).encode())
            return client.recv(len(GO)) == GO
        except OSError:
            return False


def _reseed() -> None:
    """Seed numpy's global generator anew, as Python's `random` has after each fork.

    That of torch has the same state in every new process.
    """
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _status_of(request: ForkRequest) -> int:
    """Run the program as `python -m` does; return its exit status."""
    module = importlib.import_module(request.module)
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{request.module}.__main__")
    sys.argv = [module.__file__ or request.module, *request.arguments]
    try:
        return int(module.main() or 0)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)  # noqa: T201 - as at the end of an interpreter
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        sys.stderr.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # as Python ends, so that the parent sees the signal
        return 128 + signal.SIGINT
    except BaseException:  # noqa: BLE001 - as at the end of an interpreter
        traceback.print_exc()
        return 1
