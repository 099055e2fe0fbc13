"""Request and messages of the export process, which writes a run's model to files."""

from typing import Literal

import msgspec

from medtui.protocol.outcome import Progress

FormatName = Literal["onnx", "pt2", "int8", "int8-onnx", "packed", "safetensors"]


class ExportPlan(msgspec.Struct, frozen=True):
    """The files to write."""

    formats: list[FormatName]
    folder: str
    """Folder for the files."""
    is_shrunk: bool = False
    """Whether to remove empty filters and neurons first."""
    num_images: int = 2000
    """Number of images of val, and of test, for comparing a file with the run; 0 uses all."""
    max_drop: float = 0.02
    """Maximum drop of the val metric of an int8 file (0.02 = 2 points)."""
    threads: int = 0
    """CPU threads; 0 uses the reference's number."""
    opset: int = 20
    """Operator set of ONNX files, 18 to 21."""
    ir_version: int = 10
    """Version of the ONNX format itself, 8 to 10."""
    with_timing: bool = True
    """Whether to time the files against the dense reference."""


def temporary_prefix(pid: int) -> str:
    """Return how the names of an export process's temporary folders begin."""
    return f".export-{pid}-"


class ExportRequest(msgspec.Struct, frozen=True):
    """The run to export, and the plan."""

    run: str
    """The run's folder."""
    plan: ExportPlan


class FormatFailed(msgspec.Struct, frozen=True, tag=True):
    """A format that could not be written; the others continue."""

    format: FormatName
    message: str
    hint: str = ""
    exit_code: int = 1


class FileWritten(msgspec.Struct, frozen=True, tag=True):
    """A file that was written and validated, with its record."""

    file: str
    """File name within the plan's folder."""


ExportMessage = Progress | FormatFailed | FileWritten
"""Messages of `medtui.engine.export`; it sends `Failed` if nothing could be written."""

decoder: msgspec.json.Decoder[ExportMessage] = msgspec.json.Decoder(ExportMessage)
