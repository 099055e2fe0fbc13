"""Requests to stop that are left in a folder, for an owner that no signal reaches.

`stop.json` names the owner's generation, so that it cannot stop a later session.
"""

import os
import secrets
import socket
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem, user_name
from medtui.runs.json_record import DECODE_ERRORS, write_json_record

_MAX_BYTES = 4096


class StopRequest(msgspec.Struct, frozen=True):
    """A request to stop."""

    generation: int
    """Generation of the owner that is asked to stop."""
    token: str
    """Differs in each request: a study that gets a second one kills workers that do not end."""
    user: str = ""
    host: str = ""
    """Who asks, and from which machine."""

    def describe(self) -> str:
        """Return a reason for the log: `requested by alice on gpu1`."""
        return f"requested by {self.user} on {self.host}"


_decoder = msgspec.json.Decoder(StopRequest)


def write_stop(folder: Path, generation: int, name: str) -> None:
    """Leave a request to stop; `name` is the study or run in the message of an error.

    Raises:
        EnvironmentProblem: the folder cannot be written.
    """
    request = StopRequest(
        generation, secrets.token_hex(8), user_name(os.getuid()), socket.gethostname()
    )
    try:
        write_json_record(stop_path(folder), request)
    except OSError as error:
        raise EnvironmentProblem(
            f"{name} could not be asked to stop: {stop_path(folder)} cannot be written "
            f"({error.strerror})."
        ) from error


def read_stop(folder: Path, generation: int) -> StopRequest | None:
    """Return the request to stop the owner of this generation; None where there is none."""
    try:
        # Without O_NONBLOCK, opening a FIFO of that name would wait for its writer.
        descriptor = os.open(stop_path(folder), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        request = _decoder.decode(os.read(descriptor, _MAX_BYTES))
    except (OSError, *DECODE_ERRORS):
        return None
    finally:
        os.close(descriptor)
    return request if request.generation == generation else None


def clear_stop(folder: Path) -> None:
    """Delete a request; one to an earlier owner is outdated."""
    try:
        stop_path(folder).unlink(missing_ok=True)
    except OSError:
        return  # it names a generation, and is ignored


def stop_path(folder: Path) -> Path:
    """Return the path of the request."""
    return folder / "stop.json"
