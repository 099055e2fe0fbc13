"""The process that writes a run's model as files: its request and its messages."""

from typing import Literal

import msgspec

from medtui.protocol.outcome import Progress

FormatName = Literal["onnx", "pt2", "int8", "packed", "safetensors"]


class ExportPlan(msgspec.Struct, frozen=True):
    """What the process is asked to write."""

    formats: list[FormatName]
    folder: str
    """Where the files go."""
    is_shrunk: bool = False
    """Whether empty filters and neurons are taken out first."""
    num_images: int = 2000
    """Images of val, and of test, on which a file is compared with the run; 0 takes all."""
    max_drop: float = 0.02
    """How much of the val metric an int8 file may lose; a share of 1."""
    threads: int = 0
    """CPU threads; 0 takes the reference's."""
    with_timing: bool = True
    """Whether the files are timed beside the dense reference."""


class ExportRequest(msgspec.Struct, frozen=True):
    """The run whose model is exported, and how."""

    run: str
    """The run's folder."""
    plan: ExportPlan


class FormatFailed(msgspec.Struct, frozen=True, tag=True):
    """A file that was not written; the other formats go on."""

    format: FormatName
    message: str
    hint: str = ""
    exit_code: int = 1


class FileWritten(msgspec.Struct, frozen=True, tag=True):
    """A file that is in place, beside its record."""

    file: str
    """Its name within the folder of the plan."""


ExportMessage = Progress | FormatFailed | FileWritten
"""What `medtui.engine.export` sends; `Failed` where nothing could be written."""

decoder: msgspec.json.Decoder[ExportMessage] = msgspec.json.Decoder(ExportMessage)
