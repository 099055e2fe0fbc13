"""What client, server and forked process send each other over Unix sockets.

1. The server sends `READY` when its modules are imported.
2. The client sends a `ForkRequest` with four descriptors: the process's stdin, stdout and stderr,
   and one end of a channel of its own.
3. The forked process sends its pid over the channel once the client is its parent.
4. The client answers `GO`. Without it the process exits before it does anything: a request of which
   the client has lost sight starts nothing, and may be made again in another way.
"""

import msgspec

GUEST = "--guest="
"""Begins the server's argument with the descriptor of a second client's socket."""

READY = b"ready"
GO = b"go"

MAX_BYTES = 64 * 1024
"""Longest request."""

NUM_DESCRIPTORS = 4
"""Descriptors sent with a request."""


IMPORT_SECONDS = "MEDTUI_IMPORT_SECONDS"
"""Environment variable of forked processes: how long their server took until it was ready."""


class ForkRequest(msgspec.Struct, frozen=True):
    """What `python -m MODULE ARGUMENTS...` would be."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    """Variables that differ from those of the server."""
    has_own_session: bool = False


encode = msgspec.json.encode
decoder = msgspec.json.Decoder(ForkRequest)
