"""What the process that exports is asked, and the lines that it answers with."""

import msgspec

from medtui.runs.exports import Export, FormatName


class ExportPlan(msgspec.Struct, frozen=True):
    """What the process is asked to write."""

    formats: list[FormatName]
    folder: str
    """Where the files go."""
    is_shrunk: bool = False
    """Whether empty filters and neurons are taken out first."""
    num_images: int = 2000
    """Images of val, and of test, on which a file is held against the run; 0 takes all."""
    max_drop: float = 0.02
    """How much of the val metric an int8 file may lose; a share of 1."""
    threads: int = 0
    """CPU threads; 0 takes the reference's."""
    with_timing: bool = True
    """Whether the files are timed beside the dense reference."""


class Told(msgspec.Struct, frozen=True, tag=True):
    """How far it is."""

    text: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A file that was not written, or the reason why none was."""

    message: str
    hint: str
    exit_code: int
    format: str = ""
    """Empty where it is true of all."""


class Written(msgspec.Struct, frozen=True, tag=True):
    """A file that is in place."""

    export: Export


Answer = Told | Refused | Written
"""A line of its stdout, as JSON."""
