"""Forms of a figure as a file. Loads no matplotlib, which takes a second."""

from typing import Literal

FileKind = Literal["svg", "png", "pdf"]

FILE_KINDS: tuple[FileKind, ...] = ("svg", "png", "pdf")
"""By the file's ending."""
