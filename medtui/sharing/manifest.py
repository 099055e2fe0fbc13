"""What a pack says of itself: `pack.json`, its last member, with the digest of every other one."""

from collections.abc import Iterable

import msgspec

from medtui.storage import FileDigest

NAME = "pack.json"

FORMAT = 1
"""Version of the form of packs."""

_MAX_PART = 255
"""Bytes of a file's name that file systems take."""


class PackManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack holds."""

    format: int = FORMAT
    medtui: str
    """Version of medtui that wrote it."""
    is_pseudonymised: bool
    """Whether patients, images and paths were replaced."""
    studies: list[str]
    left_out: list[str]
    """`STUDY/RUN: why`, for each run that is not in it."""
    files: dict[str, FileDigest]
    """Path in the pack to the digest of its content."""

    @property
    def num_bytes(self) -> int:
        """Bytes of all files, expanded."""
        return sum(each.num_bytes for each in self.files.values())


def problem_of_names(names: Iterable[str]) -> str:
    """Return why paths of a pack cannot be files below one folder; empty where they can."""
    known = set[str]()
    for name in names:
        if reason := _problem_of_name(name):
            return f"{name!r} is no path of a study's file: {reason}"
        if name in known:
            return f"{name!r} is there twice"
        known.add(name)
    for name in known:
        folder = name.rpartition("/")[0]
        while folder:
            if folder in known:
                return f"{folder!r} is a file and a folder"
            folder = folder.rpartition("/")[0]
    return ""


def _problem_of_name(name: str) -> str:
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "it leads elsewhere"
    if len(parts) == 1:
        return "it is in no study's folder"
    if "\\" in name or not name.isprintable():
        return "it has characters that no file of medtui has"
    if max(len(part.encode()) for part in parts) > _MAX_PART:
        return "it is too long"
    return ""
