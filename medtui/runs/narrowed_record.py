"""The width of a network that is trained from scratch, as stored before its training."""

import msgspec

from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record, write_json_record
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.runs.shrunk_manifest import Manifest


class Narrowing(msgspec.Struct, frozen=True):
    """How far a network was narrowed, and why."""

    width: float
    """Share of its channels that each layer kept, before rounding to whole channels."""
    num_parameters: int
    """Parameters of the narrowed network."""
    target: int
    """Nonzero parameters of the smallest compressed run: the number that was aimed at."""
    target_run: str
    """Name of that run."""

    @property
    def sentence(self) -> str:
        """Width, and both numbers of parameters."""
        return (
            f"{self.width:.3g} of the channels: {self.num_parameters:,} parameters, nearest to "
            f"the {self.target:,} that are nonzero in {self.target_run}"
        )


class NarrowedRecord(msgspec.Struct, frozen=True):
    """All that is needed to build the network again, besides its weights."""

    narrowing: Narrowing
    network: Manifest
    """Architecture, and the width of each layer."""


_decoder = msgspec.json.Decoder(NarrowedRecord)


def write_narrowed(run: RunFolder, record: NarrowedRecord, fence: Fence = unfenced) -> None:
    """Write the record of a run.

    Raises:
        OSError: the disk is full.
        Superseded: by `fence`.
    """
    write_json_record(run.narrowed, record, fence)


def read_narrowed(run: RunFolder) -> NarrowedRecord | None:
    """Return the record of a run; None if its network has the architecture's own widths.

    Raises:
        UnreadableFile: the file is damaged.
    """
    return read_json_record(run.narrowed, _decoder)
