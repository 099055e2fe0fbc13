"""The fork server: `python -m medtui.fork_server [--guest=FD] MODULE...`, with a socket as stdin.

It imports the modules and then forks a process for each request, until the socket is closed. A
guest is a second client, whose end ends nothing.
"""

import gc
import importlib
import os
import select
import socket
import sys
import time
import traceback
from contextlib import suppress

import msgspec
import psutil

from medtui.fork_server.become import become
from medtui.fork_server.protocol import (
    GUEST,
    IMPORT_SECONDS,
    MAX_BYTES,
    NUM_DESCRIPTORS,
    READY,
    ForkRequest,
    decoder,
)
from medtui.protocol.stdio import leave


def main() -> int:
    """Serve until the client closes its end, or ends."""
    guests = [int(each.removeprefix(GUEST)) for each in sys.argv if each.startswith(GUEST)]
    clients = [socket.socket(fileno=each) for each in (os.dup(0), *guests)]
    for name in sys.argv[1 + len(guests) :]:
        importlib.import_module(name)
    if (count := _num_threads()) != 1:
        print(f"the fork server has {count} threads after its imports", file=sys.stderr)  # noqa: T201 - goes to the client's log
        return 1
    os.environ[IMPORT_SECONDS] = f"{time.time() - psutil.Process().create_time():.3f}"
    gc.collect()
    gc.freeze()  # a collection would write to every object, and so copy all shared pages
    for client in clients:
        with suppress(ConnectionError):  # it has ended, which is noticed below
            client.send(READY)
    _serve_all(clients)
    return 0


def _serve_all(clients: list[socket.socket]) -> None:
    """Serve requests until the first client has ended."""
    first = clients[0]
    watch = select.poll()
    for client in clients:
        watch.register(client, select.POLLIN | select.POLLHUP)
    while True:
        for descriptor, _ in watch.poll():
            client = next(each for each in clients if each.fileno() == descriptor)
            if _serve_next(client, clients):
                continue
            if client is first:
                return
            watch.unregister(client)
            clients.remove(client)
            client.close()


def _serve_next(client: socket.socket, clients: list[socket.socket]) -> bool:
    """Serve a client's next request; return whether there may be more."""
    try:
        message, descriptors, _, _ = socket.recv_fds(client, MAX_BYTES, NUM_DESCRIPTORS)
    except ConnectionError:
        return False
    if not message:
        return False
    _serve(message, descriptors, clients)
    return True


def _serve(message: bytes, descriptors: list[int], clients: list[socket.socket]) -> None:
    """Fork the process of a request; where that fails, its client sees the channel's end."""
    try:
        request = decoder.decode(message)
        assert len(descriptors) == NUM_DESCRIPTORS
        _fork(request, descriptors, clients)
    except (OSError, msgspec.DecodeError, AssertionError) as error:
        print(f"the fork server could not fork: {error}", file=sys.stderr)  # noqa: T201 - goes to the client's log
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _fork(request: ForkRequest, descriptors: list[int], clients: list[socket.socket]) -> None:
    """Fork twice: when the process between ends, the kernel gives its child to the client.

    Raises:
        OSError: there is no memory, or no process left.
    """
    between = os.fork()
    if between == 0:
        parent = os.getpid()
        try:
            if os.fork() == 0:
                for client in clients:
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
    leave(main())
