"""The fork server: `python -m medtui.fork_server MODULE...`, with a Unix socket as stdin.

It imports the modules and then forks a process for each request, until the socket is closed.
"""

import gc
import importlib
import os
import socket
import sys
import time
import traceback

import msgspec
import psutil

from medtui.fork_server.become import become
from medtui.fork_server.protocol import (
    IMPORT_SECONDS,
    MAX_BYTES,
    NUM_DESCRIPTORS,
    READY,
    ForkRequest,
    decoder,
)


def main() -> int:
    """Serve until the client closes its end, or ends."""
    client = socket.socket(fileno=os.dup(0))
    for name in sys.argv[1:]:
        importlib.import_module(name)
    if (count := _num_threads()) != 1:
        print(f"the fork server has {count} threads after its imports", file=sys.stderr)  # noqa: T201 - goes to the client's log
        return 1
    os.environ[IMPORT_SECONDS] = f"{time.time() - psutil.Process().create_time():.3f}"
    gc.collect()
    gc.freeze()  # a collection would write to every object, and so copy all shared pages
    try:
        client.send(READY)
        while True:
            message, descriptors, _, _ = socket.recv_fds(client, MAX_BYTES, NUM_DESCRIPTORS)
            if not message:
                return 0
            _serve(message, descriptors, client)
    except ConnectionError:  # the client has ended
        return 0


def _serve(message: bytes, descriptors: list[int], client: socket.socket) -> None:
    """Fork the process of a request; where that fails, its client sees the channel's end."""
    try:
        request = decoder.decode(message)
        assert len(descriptors) == NUM_DESCRIPTORS
        _fork(request, descriptors, client)
    except (OSError, msgspec.DecodeError, AssertionError) as error:
        print(f"the fork server could not fork: {error}", file=sys.stderr)  # noqa: T201 - goes to the client's log
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _fork(request: ForkRequest, descriptors: list[int], client: socket.socket) -> None:
    """Fork twice: when the process between ends, the kernel gives its child to the client.

    Raises:
        OSError: there is no memory, or no process left.
    """
    between = os.fork()
    if between == 0:
        parent = os.getpid()
        try:
            if os.fork() == 0:
                client.close()
                become(request, descriptors, parent)
        except BaseException:  # noqa: BLE001 - neither process may return into the loop
            traceback.print_exc()
        finally:
            os._exit(1)
    os.waitpid(between, 0)


def _num_threads() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names alone


if __name__ == "__main__":
    sys.exit(main())
