"""Whether the watched process owns its run's folder. Used by the sampler only.

The process may be suspended while another one takes the run over. From then on, the sampler of the
other one writes the file.
"""

import os
from pathlib import Path

import msgspec

from medtui.storage.owner_records import generations, record_path
from medtui.telemetry.process_stat import own_boot_id, own_pid_namespace

_MAX_BYTES = 4096


class _Record(msgspec.Struct, frozen=True):
    """What an owner record says about its process."""

    pid: int = 0
    start_ticks: int = 0
    boot_id: str = ""
    pid_namespace: int = 0
    is_released: bool = False


_decoder = msgspec.json.Decoder(_Record)


class Ownership:
    """Follows the owner records of a folder for one process in this pid namespace."""

    def __init__(self, folder: Path, pid: int, start_ticks: int | None) -> None:
        self.generation = 0
        """Generation of the process; 0 until it owns the folder."""
        self.is_superseded = False
        """Whether another process has taken the folder over from it."""
        self._folder = folder
        self._identity = (pid, start_ticks, own_boot_id(), own_pid_namespace())

    def permits(self) -> bool:
        """Return whether no process but the watched one owns the folder now."""
        newest, record = self._newest()
        process = (record.pid, record.start_ticks, record.boot_id, record.pid_namespace)
        if newest and process == self._identity:
            self.generation = newest
        if self.generation:
            self.is_superseded = newest != self.generation
            return not self.is_superseded
        return newest == 0 or record.is_released  # it is about to own the folder

    def _newest(self) -> tuple[int, _Record]:
        """Return the newest generation and its record; 0 where there is none."""
        try:
            newest = max(generations(self._folder), default=0)
        except OSError:
            return self.generation, _Record()  # as far as anyone can tell
        try:
            # Without O_NONBLOCK, opening a FIFO of that name would wait for its writer.
            descriptor = os.open(
                record_path(self._folder, newest), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
            )
        except OSError:
            return newest, _Record()
        try:
            return newest, _decoder.decode(os.read(descriptor, _MAX_BYTES))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return newest, _Record()
        finally:
            os.close(descriptor)
